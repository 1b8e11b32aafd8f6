"""The rehearsal told as a story: a product's folder comes in, chapters of proven claims go out.

It never decides what the product path decides: it calls the same pipeline as the commands do, and then asks the
offline cloud, or the files, whether what is claimed is so.
"""
