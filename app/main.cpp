// The program `sallyport`: server processes and command line in one binary.
#include "sallyport/app/command_line.hpp"

int main(int argc, char** argv) { return sallyport::app::run_command_line(argc, argv); }
