"""Provider doubles: the true schemas of aws, vercel and supabase, served to real Terraform by our own daemon."""
