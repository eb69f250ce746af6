module cryptostream.io/tests/parts/crds

go 1.24.0
