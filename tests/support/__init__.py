"""What several test folders share: free ports, a running site, real photographs."""
