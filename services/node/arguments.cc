#include "services/node/arguments.h"

#include "services/command_line/option.h"

namespace camnode {
namespace {

constexpr Option kOptions[] = {
    Option::Text("config", "FILE",
                 "the configuration; deploy/camnode.textproto shows every option with its "
                 "default.  Only --conformance does without"),
    Option::Flag("check-config", "reports every mistake in FILE and runs nothing"),
    Option::Flag("adopt-store",
                 "says once that the database and the blobs of FILE belong together, after a "
                 "restore for one, and runs nothing"),
    Option::Flag("conformance", "prints the tables of the DICOM conformance statement"),
};

constexpr Command kRun = {"",
                          "Receives chest films over DICOM, has them analysed, sends the results.\n"
                          "RESEARCH ONLY - NOT FOR DIAGNOSIS\n"
                          "\n"
                          "Runs until SIGTERM or SIGINT.",
                          {},
                          kOptions};

}  // namespace

Program NodeProgram() {
  Program program;
  program.name = "camnode";
  program.commands = {&kRun};
  return program;
}

}  // namespace camnode
