/* Prints a file, and nothing else: linked statically, the least that a program can cost. */
#include <fcntl.h>
#include <unistd.h>

int main(int argc, char **argv) {
  static char text[65536];
  int file = argc == 2 ? open(argv[1], O_RDONLY) : -1;
  ssize_t length = read(file, text, sizeof text);
  return length > 0 && write(1, text, length) == length ? 0 : 1;
}
