"""Who may do what by S3: application keys, access control lists, bucket policies, ownership, the public access block.

`permissions` says what each action needs. The rest decides in pure code, over values of the model.
"""
