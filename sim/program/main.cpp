#include "sim/program/program.h"

int main(int argc, char** argv) {
  return tickover::sim::run_program(argc, argv, tickover::sim::RoleRegistry::built_in());
}
