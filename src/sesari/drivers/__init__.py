"""EDGE. One file per thing in the world (Terraform, AWS, Vercel, Supabase, stores, clock, files); values come in,
effects and observations go out. They hold no decisions.
"""
