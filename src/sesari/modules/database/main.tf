locals {
  everywhere = ["0.0.0.0/0", "::/0"]
  allowed    = length(var.allowed_cidrs) > 0 ? var.allowed_cidrs : local.everywhere

  # The API answers IPv4 ranges first; another order would show as a change for ever.
  restrictions = concat(
    [for cidr in local.allowed : cidr if !strcontains(cidr, ":")],
    [for cidr in local.allowed : cidr if strcontains(cidr, ":")],
  )
}

# A change of region or organisation cannot be done in place: the provider refuses it, nothing is lost.
resource "supabase_project" "this" {
  organization_id   = var.organization
  name              = "${var.product}-${var.environment}"
  region            = var.region
  instance_size     = var.instance
  database_password = var.initial_database_password

  lifecycle {
    # The password of the state is dead: the living one is in the secret manager only.
    ignore_changes = [database_password]
  }
}

resource "supabase_settings" "this" {
  project_ref     = supabase_project.this.id
  ssl_enforcement = true
  network         = jsonencode({ restrictions = local.restrictions })
}
