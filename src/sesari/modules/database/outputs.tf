output "project_ref" {
  description = "Reference of the project."
  value       = supabase_project.this.id
}

output "api_url" {
  description = "Address of the project's API."
  value       = "https://${supabase_project.this.id}.supabase.co"
}

output "database_host" {
  description = "Direct host of the database."
  value       = "db.${supabase_project.this.id}.supabase.co"
}
