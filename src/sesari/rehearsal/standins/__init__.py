"""Stand-ins for the HTTP APIs of Vercel and Supabase: one file per API."""
