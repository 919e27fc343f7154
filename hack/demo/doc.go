// Package demo shows the whole product at work on one machine: real traffic to a real Redis, the adapter, the custom
// metrics API, the stock HPA and a StatefulSet that it scales.
//
// [Run] does all of it and returns nil only if the HPA scaled out and in as it should and every number that the adapter
// served agreed with the traffic that was sent. Objects of deploy/samples go in; a live view and a summary come out.
//
// Three parts meet in Run and know nothing of each other: package traffic (paced commands, and the check of served
// numbers against them), watcher (what the cluster says, once a second) and story (which load when, and what is expected
// of the HPA). story and the views are plain values without goroutines.
package demo
