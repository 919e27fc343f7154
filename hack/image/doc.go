// Package image builds container images from files, with no builder and no registry, in the format that "docker load"
// and "ctr images import" read.
//
// [Adapter] describes the image that the Dockerfile builds, from an existing binary; a test keeps the two equal. [Redis]
// describes one with this machine's redis-server and the libraries that it is linked against, and [Program] one with a
// static program. [Image.Save] writes an image to a file.
//
// The same files give the same bytes: the files have no time and belong to root. An Image is a value, and may be saved
// from several goroutines. Errors name the file that cannot be read or written.
package image
