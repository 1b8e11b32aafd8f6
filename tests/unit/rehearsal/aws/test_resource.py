"""The clients of an identity outlive its temporary credentials."""

from sesari.rehearsal.aws.resource import Aws, Credentials, Held


def test_renewed_credentials_sign_with_the_clients_that_are_there() -> None:
    aws = Aws("http://127.0.0.1:1", "us-east-1", Credentials("one", "secret", "token"))
    before = aws.client("sts")
    aws.renew(Credentials("two", "other"))
    assert aws.client("sts") is before
    signer = before._request_signer._credentials.get_frozen_credentials()
    assert (signer.access_key, signer.secret_key, signer.token) == ("two", "other", None)


def test_credentials_do_not_print() -> None:
    shown = repr(Credentials("key", "hush", "quiet"))
    assert "hush" not in shown
    assert "quiet" not in shown
    assert Held(Credentials("key", "secret")).load_credentials().get_frozen_credentials().access_key == "key"
