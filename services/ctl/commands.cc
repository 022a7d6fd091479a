#include "services/ctl/commands.h"

#include "services/command_line/option.h"
#include "services/ctl/session.h"

namespace camnode {
namespace {

constexpr Option kCommonOptions[] = {
    Option::Text("address", "HOST:PORT",
                 "the node's gRPC address; default: 127.0.0.1:50051.  Or instead of it:"),
    Option::Text("config", "FILE", "the node's camnode.textproto"),
    Option::Text("data-directory", "DIR", "the node's data directory"),
    Option::Flag("json", "one line of protobuf JSON for each answer"),
    Option::Number("timeout", "SECONDS",
                   "how long an answer may take; watch waits for ever unless it is given")
        .AboveZero(),
};

constexpr Operands kFilmOrAnalysis = {"UID|NUMBER", 1, 1,
                                      "the UID of a film or the number of an analysis"};

constexpr Option kListOptions[] = {
    Option::WholeNumber("limit", "N", "studies at most", 1).Default(50),
    Option::Text("study", "UID", "instead: the films of one study"),
};

constexpr Option kGetOptions[] = {
    Option::Text("workflow", "NAME",
                 "of a film that several workflows analysed; default: the newest analysis"),
};

constexpr Option kWatchOptions[] = {
    Option::Text("study", "UID", "of one study alone"),
    Option::Text("epoch", "EPOCH",
                 "with --after: of that event, as --json shows it; ends with an error if the "
                 "node's events began anew since"),
    Option::WholeNumber("after", "EVENT", "from that event on, 0: all of them; default: from now",
                        0),
    Option::WholeNumber("count", "N", "ends after so many; default: never", 1),
};

constexpr Option kAnalyzeOptions[] = {
    Option::Flag("no-wait", "does not wait for the analyses"),
    Option::Flag("deliver", "also sends the outputs to the workflow's destinations"),
    Option::Text("workflow", "NAME", "default: the first"),
};

constexpr Option kRenderOptions[] = {
    Option::Text("output", "FILE.png", "overwritten if it exists").Required(),
    Option::Text("model", "NAME", "whose map; default: one picture of all"),
    Option::Number("alpha", "0..1", "the map's opacity; default: the node's").Between(0.0, 1.0),
    Option::Text("workflow", "NAME", "of a film that several analysed"),
};

constexpr Option kRequeueOptions[] = {
    Option::WholeNumber("delivery", "NUMBER", "of a buried delivery, as get shows it", 1)
        .Repeated(),
};

constexpr Option kQuarantineOptions[] = {
    Option::WholeNumber("remove", "NUMBER", "deletes this one", 1).Repeated(),
};

constexpr Option kAdoptOptions[] = {
    Option::Flag("dry-run", "says what would be taken, and changes nothing"),
    Option::Text("workflow", "NAME", "of the films that are taken; default: the first"),
};

struct CtlCommand {
  Command command;
  CtlExit (CtlSession::*run)();
};

constexpr CtlCommand kCommands[] = {
    {{"list", "Studies, newest first, or the films of one study.", {}, kListOptions},
     &CtlSession::List},
    {{"get",
      "One analysis, by film or by its number: each model's probability, threshold and\n"
      "verdict, their agreement, the DICOM objects made and where they were sent.",
      kFilmOrAnalysis, kGetOptions},
     &CtlSession::Get},
    {{"watch",
      "Analyses as they are committed, from now on or from an event on; survives a restart\n"
      "of the node.",
      {},
      kWatchOptions},
     &CtlSession::Watch},
    {{"analyze",
      "Uploads films (DICOM, PNG, JPEG) and prints their analyses.",
      {"FILE...", 1, Operands::kMany, "at least one file"},
      kAnalyzeOptions},
     &CtlSession::Analyze},
    {{"render", "The film under one model's map, or under all of them.", kFilmOrAnalysis,
      kRenderOptions},
     &CtlSession::Render},
    {{"requeue",
      "Gives buried jobs or deliveries another try; alone it lists the films that were set\n"
      "aside for a human.",
      {"[JOB...]", 0, Operands::kMany, "numbers of jobs"},
      kRequeueOptions},
     &CtlSession::Requeue},
    {{"quarantine",
      "Lists films kept aside because their UID was here already with other bytes, or\n"
      "removes them.",
      {},
      kQuarantineOptions},
     &CtlSession::Quarantine},
    {{"adopt",
      "Takes films in again whose files are here and which the database does not know, after\n"
      "it was restored from an older copy.",
      {},
      kAdoptOptions},
     &CtlSession::Adopt},
    {{"status", "Queue, workers, destinations, free space.", {}, {}}, &CtlSession::Status},
    {{"doctor", "Is every part healthy?  In words, with what to do.", {}, {}}, &CtlSession::Doctor},
};

}  // namespace

Program CtlProgram() {
  Program program;
  program.name = "camnodectl";
  program.summary = "camnodectl asks a running camnode.  Research use only.";
  for (const CtlCommand& command : kCommands) program.commands.push_back(&command.command);
  program.common_options = kCommonOptions;
  program.notes =
      "Exit code: 0 done; 1 the node refused or failed; 2 wrong command line; 3 no node\n"
      "there; 4 not found or not analysed yet; 5 doctor found something wrong.";
  return program;
}

CtlExit RunCtlCommand(const Command& command, CtlSession& session) {
  for (const CtlCommand& known : kCommands) {
    if (&known.command == &command) return (session.*known.run)();
  }
  return kCtlFailed;
}

}  // namespace camnode
