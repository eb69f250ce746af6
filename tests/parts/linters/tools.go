//go:build tools

// Package tools names what is built here, so that go.mod and go.sum lock it.
package tools

import (
	_ "github.com/yannh/kubeconform/cmd/kubeconform"
	_ "github.com/zegl/kube-score/cmd/kube-score"
)
