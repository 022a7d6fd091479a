// A PostgreSQL of the test's own: a fresh cluster in a temporary directory, reached
// through a Unix socket in it, gone when the test program ends.

#ifndef CAMNODE_TESTS_CORE_STORAGE_POSTGRES_CLUSTER_H_
#define CAMNODE_TESTS_CORE_STORAGE_POSTGRES_CLUSTER_H_

#include <string>
#include <vector>

namespace camnode {

// Why there is none, or "".  Starts it at the first call.
std::string PostgresClusterProblem();

// Names an empty schema of its own in it.  REQUIRES: PostgresClusterProblem() == "".
std::string NewPostgresUri();

// Every process of the server stopped (SIGSTOP) until this is destroyed: connections stay,
// and no answer comes.
class StoppedPostgres {
 public:
  StoppedPostgres();
  ~StoppedPostgres();

 private:
  std::vector<int> processes_;
};

}  // namespace camnode

#endif  // CAMNODE_TESTS_CORE_STORAGE_POSTGRES_CLUSTER_H_
