// Command charts writes the Helm charts that are embedded in Istio's manifests package to a folder,
// so that charts and control plane always come from the same commit.
package main

import (
	"fmt"
	"os"

	"istio.io/istio/manifests"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: charts FOLDER")
		os.Exit(2)
	}
	if err := os.CopyFS(os.Args[1], manifests.BuiltinOrDir("")); err != nil {
		fmt.Fprintln(os.Stderr, "charts:", err)
		os.Exit(1)
	}
}
