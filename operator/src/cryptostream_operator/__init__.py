"""The Kubernetes operator of CryptoStream. Of `cryptostream` it may import `core` only."""
