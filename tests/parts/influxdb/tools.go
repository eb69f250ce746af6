//go:build tools

// Package tools names what is built, so that go.mod and go.sum pin it and all it needs.
package tools

import (
	_ "github.com/influxdata/influxdb/v2/cmd/influxd"
	_ "github.com/influxdata/pkg-config"
)
