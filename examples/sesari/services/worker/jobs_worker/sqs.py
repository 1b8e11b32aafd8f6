"""The queue on SQS."""

from __future__ import annotations

from typing import Any

from jobs_worker.worker import Message


class SqsQueue:
    """`wait` seconds of long polling: short enough that a stopping task is done well within ECS's 30 seconds."""

    def __init__(self, client: Any, url: str, wait: int = 10) -> None:
        self._client = client
        self._url = url
        self._wait = wait

    def receive(self) -> Message | None:
        answer = self._client.receive_message(QueueUrl=self._url, MaxNumberOfMessages=1, WaitTimeSeconds=self._wait)
        for message in answer.get("Messages", []):
            return Message(body=message["Body"], receipt=message["ReceiptHandle"])
        return None

    def delete(self, message: Message) -> None:
        self._client.delete_message(QueueUrl=self._url, ReceiptHandle=message.receipt)

    def release(self, message: Message, delay: int) -> None:
        self._client.change_message_visibility(
            QueueUrl=self._url, ReceiptHandle=message.receipt, VisibilityTimeout=delay
        )
