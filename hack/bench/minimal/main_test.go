package main

import "testing"

// TestItIsStartedAsTheAdapterIs gives it arguments that are for the adapter alone as well.
func TestItIsStartedAsTheAdapterIs(t *testing.T) {
	got, err := parse([]string{"--allow-loopback", "--kubeconfig=k", "--allow-addresses=10.0.0.0/8", "--bind-address=::1", "-v=2", "--secure-port=8443", "--node", "x"})
	if want := (options{kubeconfig: "k", address: "::1", port: 8443}); err != nil || got != want {
		t.Errorf("parsed %+v, %v; want %+v", got, err, want)
	}
}
