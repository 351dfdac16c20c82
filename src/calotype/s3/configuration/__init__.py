"""What a bucket is set up to do by S3: each configuration's XML document as a value, its operations and their answers.

What the B2 API sets as well (CORS, lifecycle, default retention and encryption) is one and the same setting of the
bucket; what S3 alone knows is kept for it to read back.
"""
