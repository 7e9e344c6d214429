// Prints a file, and nothing else.
package main

import "os"

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		os.Exit(1)
	}
	os.Stdout.Write(text)
}
