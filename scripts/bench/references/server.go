// Answers everything with so many bytes: server unix PATH BYTES | tcp ADDRESS BYTES.
package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
)

func main() {
	size, _ := strconv.Atoi(os.Args[3])
	body := bytes.Repeat([]byte("a"), size)
	length := strconv.Itoa(size)
	listener, err := net.Listen(os.Args[1], os.Args[2])
	if err != nil {
		panic(err)
	}
	fmt.Fprintln(os.Stderr, " Ready ", listener.Addr())
	panic(http.Serve(listener, http.HandlerFunc(func(response http.ResponseWriter, _ *http.Request) {
		header := response.Header()
		header.Set("Content-Type", "application/json")
		header.Set("Content-Length", length)
		response.Write(body)
	})))
}
