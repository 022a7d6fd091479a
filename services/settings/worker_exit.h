// What the exit code of a worker tells the node that started it.

#ifndef CAMNODE_SERVICES_SETTINGS_WORKER_EXIT_H_
#define CAMNODE_SERVICES_SETTINGS_WORKER_EXIT_H_

namespace camnode {

enum WorkerExit : int {
  kWorkerDone = 0,          // Told to stop.
  kWorkerFailed = 1,        // Database or blob store; starting again may help.
  kWorkerUnusable = 2,      // Arguments, configuration or models: a human must look.
  kWorkerDeviceBroken = 3,  // A fresh process is the cure.
  kWorkerFilmStalled = 4,   // A step of a film did not end: the film is to blame.
  kWorkerStalled = 5,       // Another step did not end (database, disk, models): no film is.
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_SETTINGS_WORKER_EXIT_H_
