// A database and a blob directory that do not belong together are never used together.

#include "core/storage/store_identity.h"

#include <filesystem>
#include <fstream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "core/base/durable_file.h"
#include "core/domain/instance.h"
#include "core/storage/blobs/blob_layout.h"
#include "core/storage/blobs/blob_store.h"
#include "core/storage/blobs/store_id_file.h"
#include "core/storage/instance_store.h"
#include "core/storage/sql/migrations.h"
#include "core/storage/sql/open_database.h"
#include "tests/core/storage/storage_fixture.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kOther[] = "fedcba9876543210fedcba9876543210";

// The database of each test is empty, not even migrated.
class StoreIdentityTest : public StorageTest {
 protected:
  StoreIdentityTest() { migrate_ = false; }

  absl::StatusOr<StoreIdentity> Join() { return JoinStore(database(), "THE DATABASE", root_); }

  // What is refused names both sides and changes neither.
  void ExpectRefused(const std::string& of_database, const std::string& of_directory) {
    const std::string before = State();
    EXPECT_THAT(Join().status(),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         AllOf(HasSubstr("THE DATABASE " + of_database),
                               HasSubstr(root_ + " " + of_directory), HasSubstr("--adopt-store"))));
    EXPECT_EQ(State(), before);
  }

  // Every file below the directory, and how far the database is.
  std::string State() {
    std::string state;
    if (std::filesystem::exists(root_)) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(root_)) {
        absl::StrAppend(&state, entry.path().string(), "\n");
      }
    }
    const auto identity = ReadStoreIdentity(database()).value();
    const absl::Status schema = CheckSchemaVersion(database());
    absl::StrAppend(&state, identity.has_value() ? identity->store_id : "no id", " ",
                    schema.message());
    return state;
  }

  // As an installation from before there were ids left it: `films` in the database, with a
  // file each or without.
  void MakeOldDatabase(int films, bool with_files) {
    ASSERT_THAT(Migrate(database()), IsOk());
    const std::unique_ptr<BlobStore> blobs = BlobStore::Open(root_).value();
    InstanceStore instances(database(), clock_, nullptr);
    for (int i = 0; i < films; ++i) {
      Instance film = SomeInstance(absl::StrCat("1.2.", i));
      if (with_files) film.blob_id = blobs->Put("film").value().id;
      ASSERT_THAT(instances.Add(film, SomeRequest()), IsOk());
    }
    ASSERT_THAT(Execute("DROP TABLE store_identity"), IsOk());
    ASSERT_THAT(Execute("DROP TABLE node"), IsOk());
    ASSERT_THAT(Execute(absl::StrCat("DELETE FROM schema_version WHERE version >= ",
                                     LatestSchemaVersion())),
                IsOk());
  }

  void PutBlob(const std::string& id) {
    std::filesystem::create_directories(DirectoryOf(BlobPath(root_, id)));
    std::ofstream(BlobPath(root_, id)) << "film";
  }

  const std::string root_ = directory_.path() + "/blobs";
};
CAMNODE_TEST_ON_ALL_DATABASES(StoreIdentityTest);

TEST_P(StoreIdentityTest, ANewPairGetsOneIdOnBothSides) {
  const absl::StatusOr<StoreIdentity> made = Join();
  ASSERT_THAT(made, IsOk());

  EXPECT_THAT(made->store_id, SizeIs(32));
  EXPECT_THAT(made->epoch, SizeIs(16));
  EXPECT_THAT(ReadStoreIdFile(root_), IsOkAndHolds(::testing::Optional(made->store_id)));
  const absl::StatusOr<StoreIdentity> again = Join();
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->store_id, made->store_id);
  EXPECT_EQ(again->epoch, made->epoch);
}

// The directory gets its id first: killed between, the next start goes on.
TEST_P(StoreIdentityTest, AKillBetweenTheTwoSidesIsFinishedByTheNextStart) {
  std::filesystem::create_directory(root_);
  ASSERT_THAT(WriteStoreIdFile(root_, kOther), IsOk());

  EXPECT_EQ(Join()->store_id, kOther);
}

TEST_P(StoreIdentityTest, AnotherStoresDirectoryIsRefused) {
  const std::string ours = Join()->store_id;
  ASSERT_THAT(WriteStoreIdFile(root_, kOther), IsOk());

  ExpectRefused("is of store " + ours, std::string("is of store ") + kOther);
}

TEST_P(StoreIdentityTest, AVolumeThatIsNotMountedIsRefused) {
  const std::string ours = Join()->store_id;
  std::filesystem::remove_all(root_);
  ExpectRefused("is of store " + ours, "has neither blobs nor a store.id");
  std::filesystem::create_directory(root_);
  ExpectRefused("is of store " + ours, "has neither blobs nor a store.id");
  PutBlob(kOther);
  ExpectRefused("is of store " + ours, "has blobs and no store.id");
}

TEST_P(StoreIdentityTest, ANewDatabaseBesideBlobsIsRefused) {
  PutBlob(kOther);
  ExpectRefused("is new", "has blobs and no store.id");
  ASSERT_THAT(WriteStoreIdFile(root_, kOther), IsOk());
  ExpectRefused("is new", std::string("is of store ") + kOther);
  EXPECT_THAT(CheckNewDatabase("THE DATABASE", root_),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_P(StoreIdentityTest, AnInstallationFromBeforeThereWereIdsIsTaken) {
  MakeOldDatabase(3, /*with_files=*/true);

  const absl::StatusOr<StoreIdentity> taken = Join();

  ASSERT_THAT(taken, IsOk());
  EXPECT_THAT(ReadStoreIdFile(root_), IsOkAndHolds(::testing::Optional(taken->store_id)));
  EXPECT_EQ(AskInt("SELECT COUNT(*) FROM instance"), 3);
}

TEST_P(StoreIdentityTest, AnUpgradeThatWasCutShortIsFinished) {
  MakeOldDatabase(3, /*with_files=*/true);
  ASSERT_THAT(WriteStoreIdFile(root_, kOther), IsOk());

  EXPECT_EQ(Join()->store_id, kOther);
}

TEST_P(StoreIdentityTest, AnOldInstallationThatNeverHadAFilmIsTaken) {
  MakeOldDatabase(0, false);
  EXPECT_THAT(Join(), IsOk());
}

// Not one of its films has a file there: another directory, or a volume that is away.
TEST_P(StoreIdentityTest, AnOldDatabaseWithoutItsBlobsIsRefused) {
  MakeOldDatabase(3, /*with_files=*/false);
  ExpectRefused("has films and no store id", "has neither blobs nor a store.id");
  PutBlob(kOther);
  ExpectRefused("has films and no store id", "has blobs and no store.id");
  ASSERT_THAT(WriteStoreIdFile(root_, kOther), IsOk());
  ExpectRefused("has films and no store id", std::string("is of store ") + kOther);
}

TEST_P(StoreIdentityTest, TheOperatorsWordMakesThemOneStoreAndTheEventsNew) {
  MakeOldDatabase(3, /*with_files=*/true);
  const StoreIdentity before = Join().value();
  ASSERT_THAT(WriteStoreIdFile(root_, kOther), IsOk());
  std::filesystem::remove(BlobPath(root_, Ask("SELECT blob_id FROM instance WHERE id = 2")));

  const absl::StatusOr<AdoptedStore> adopted = AdoptStore(database(), root_);

  ASSERT_THAT(adopted, IsOk());
  EXPECT_EQ(adopted->films, 3);
  EXPECT_EQ(adopted->films_sampled, 3);
  EXPECT_EQ(adopted->films_found, 2);
  EXPECT_NE(adopted->identity.store_id, before.store_id) << "no copy of before fits any more";
  EXPECT_NE(adopted->identity.epoch, before.epoch);
  EXPECT_EQ(Join()->store_id, adopted->identity.store_id);
}

}  // namespace
}  // namespace camnode
