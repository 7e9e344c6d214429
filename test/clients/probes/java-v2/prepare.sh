#!/bin/bash
# Downloads the SDK and compiles the probe: see ../README.md.
. "$(dirname "$0")/../preparation.sh"
needs javac 'A JDK'
needs java 'A Java runtime'
needs mvn 'Maven'
java=$(readlink -f "$(command -v java)")
unless_prepared "$java"
rm -rf "$cache/lib" "$cache/classes"
fetch mvn -B -q org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
  -DincludeScope=runtime "-DoutputDirectory=$cache/lib"
build javac -cp "$cache/lib/*" -d "$cache/classes" Probe.java
ln -sfn "$java" "$cache/java"
prepared
