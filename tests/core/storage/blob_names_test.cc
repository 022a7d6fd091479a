// The sweep must know every row that names a file.

#include "core/storage/blob_names.h"

#include "absl/strings/str_cat.h"
#include "core/domain/analysis.h"
#include "core/domain/instance.h"
#include "core/storage/quarantine.h"
#include "tests/core/storage/storage_fixture.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

class BlobNamesTest : public StoresTest {};
CAMNODE_TEST_ON_ALL_DATABASES(BlobNamesTest);

TEST_P(BlobNamesTest, FilmsQuarantinedFilmsOutputsAndRastersAreNamedAndNothingElse) {
  Enqueue("1.2.3");
  Instance conflicting = SomeInstance("1.2.3");
  conflicting.sha256 = std::string(64, 'c');
  conflicting.blob_id = std::string(32, 'c');
  Quarantine quarantine(database(), clock_, nullptr, {});
  ASSERT_THAT(quarantine.Add(conflicting), IsOkAndHolds(QuarantineOutcome::kAdded));
  Analysis analysis = SomeAnalysis();
  analysis.display_blob_id = std::string(32, 'd');
  ASSERT_THAT(results_->Commit(LeaseOne(), analysis, {SomeOutput("1.2.3.1")}, {}), IsOk());
  const std::set<std::string> named = {SomeInstance("1.2.3").blob_id, conflicting.blob_id,
                                       analysis.display_blob_id, SomeOutput("1.2.3.1").blob_id};
  std::vector<std::string> asked(named.begin(), named.end());
  asked.push_back(std::string(32, '0'));

  EXPECT_THAT(BlobNames(database()).Among(asked), IsOkAndHolds(named));
  EXPECT_THAT(BlobNames(database()).Among({}), IsOkAndHolds(std::set<std::string>()));
}

TEST_P(BlobNamesTest, AThousandAreOneQuestion) {
  std::vector<std::string> asked;
  for (int i = 0; i < 1000; ++i)
    asked.push_back(absl::StrCat(absl::Hex(i, absl::kZeroPad16), std::string(16, '0')));
  Instance film = SomeInstance("1.2.3");
  film.blob_id = asked[777];
  ASSERT_THAT(instances_->Add(film, SomeRequest()), IsOk());

  EXPECT_THAT(BlobNames(database()).Among(asked), IsOkAndHolds(std::set<std::string>{asked[777]}));
}

// A column that names blobs and is not asked is a film that is swept.
TEST_P(BlobNamesTest, NoColumnThatNamesBlobsIsLeftOut) {
  const std::string columns =
      sqlite() ? "SELECT COUNT(*) FROM sqlite_master AS t, pragma_table_info(t.name) AS c "
                 "WHERE t.type = 'table' AND c.name LIKE '%blob_id'"
               : "SELECT COUNT(*) FROM information_schema.columns "
                 "WHERE table_schema = current_schema() AND column_name LIKE '%blob_id'";
  EXPECT_EQ(AskInt(columns), 4) << "a new one belongs into blob_names.cc";
}

}  // namespace
}  // namespace camnode
