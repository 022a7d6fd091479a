// A blob directory that is not the store's is the volume's fault, never a film's.

#include "core/storage/blobs/store_id_file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <utility>

#include "core/storage/blobs/blob_store.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace camnode {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Optional;

constexpr char kOurs[] = "0123456789abcdef0123456789abcdef";
constexpr char kOthers[] = "fedcba9876543210fedcba9876543210";

class StoreIdFileTest : public ::testing::Test {
 protected:
  StoreIdFileTest() {
    std::filesystem::create_directory(root_);
    EXPECT_THAT(WriteStoreIdFile(root_, kOurs), IsOk());
  }

  // The volume goes: what is left is the empty folder that it was mounted on.
  void Unmount() {
    std::filesystem::rename(root_, root_ + ".away");
    std::filesystem::create_directory(root_);
  }
  void Mount() {
    std::filesystem::remove(root_);  // Fails unless it is empty.
    std::filesystem::rename(root_ + ".away", root_);
  }

  TemporaryDirectory directory_;
  const std::string root_ = directory_.path() + "/blobs";
};

TEST_F(StoreIdFileTest, IsReadAsItWasWrittenAndForTheOwnerAlone) {
  EXPECT_THAT(ReadStoreIdFile(root_), IsOkAndHolds(Optional(std::string(kOurs))));
  struct stat entry {};
  ASSERT_EQ(::stat((root_ + "/store.id").c_str(), &entry), 0);
  EXPECT_EQ(entry.st_mode & 0777, 0600);
  EXPECT_THAT(ReadStoreIdFile(directory_.path()), IsOkAndHolds(absl::nullopt));
  EXPECT_THAT(ReadStoreIdFile(root_ + "/nothing"), IsOkAndHolds(absl::nullopt));
}

TEST_F(StoreIdFileTest, AFileOfSomethingElseIsNamed) {
  for (const char* text :
       {"", "camnode-store 12", "camnode-store 0123456789ABCDEF0123456789abcdef"}) {
    std::ofstream(root_ + "/store.id") << text;
    EXPECT_THAT(ReadStoreIdFile(root_).status(),
                StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(root_ + "/store.id")))
        << text;
  }
}

TEST_F(StoreIdFileTest, AnotherStoresDirectoryIsUnavailableAndBothAreNamed) {
  EXPECT_THAT(CheckStoreIdFile(root_, kOurs), IsOk());
  EXPECT_THAT(
      CheckStoreIdFile(root_, kOthers),
      StatusIs(absl::StatusCode::kUnavailable, AllOf(HasSubstr(kOurs), HasSubstr(kOthers))));
}

TEST_F(StoreIdFileTest, ABlobInItsPlaceOrInTheTrashIsSeen) {
  EXPECT_THAT(HoldsBlobs(root_), IsOkAndHolds(false));
  EXPECT_THAT(HoldsBlobs(root_ + "/nothing"), IsOkAndHolds(false));
  std::filesystem::create_directories(root_ + "/ab");
  std::ofstream(root_ + "/ab/notes.txt") << "no blob";
  EXPECT_THAT(HoldsBlobs(root_), IsOkAndHolds(false));
  std::filesystem::create_directories(root_ + "/trash/2026-11-29");
  std::ofstream(root_ + "/trash/2026-11-29/" + kOurs) << "film";
  EXPECT_THAT(HoldsBlobs(root_), IsOkAndHolds(true));
  std::filesystem::remove_all(root_ + "/trash");
  std::ofstream(root_ + "/ab/ab" + std::string(30, '0')) << "film";
  EXPECT_THAT(HoldsBlobs(root_), IsOkAndHolds(true));
}

// The old way made 256 folders in the mount point and called every film lost.
TEST_F(StoreIdFileTest, NothingIsMadeInTheMountPointOfAVolumeThatIsAway) {
  Unmount();
  EXPECT_THAT(BlobStore::OpenOf(kOurs, root_).status(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("mounted")));
  EXPECT_TRUE(std::filesystem::is_empty(root_));
}

TEST_F(StoreIdFileTest, AVolumeThatGoesIsUnavailableUntilItIsBack) {
  const std::unique_ptr<BlobStore> store = BlobStore::OpenOf(kOurs, root_).value();
  const BlobInfo film = store->Put("film").value();
  BlobWriter writer = store->Create().value();
  ASSERT_THAT(writer.Append("being received"), IsOk());
  constexpr auto kAway = absl::StatusCode::kUnavailable;

  Unmount();
  EXPECT_THAT(store->CheckIdentity(), StatusIs(kAway));
  EXPECT_THAT(store->PathOf(film.id), StatusIs(kAway));
  EXPECT_THAT(store->ReadAll(film.id, 100), StatusIs(kAway));
  EXPECT_THAT(store->CheckThere(film.id), StatusIs(kAway));
  EXPECT_THAT(store->Put("another"), StatusIs(kAway));
  EXPECT_THAT(store->CheckWritable(), StatusIs(kAway));
  EXPECT_THAT(std::move(writer).Finish(), StatusIs(kAway));
  EXPECT_TRUE(std::filesystem::is_empty(root_));

  Mount();
  EXPECT_THAT(store->ReadAll(film.id, 100), IsOkAndHolds("film"));
  EXPECT_THAT(store->Put("another"), IsOk());
}

// Folders that an older camnode once made in a mount point make it no store.
TEST_F(StoreIdFileTest, AnEmptyStoreInTheMountPointIsNotTakenForOurs) {
  const std::unique_ptr<BlobStore> store = BlobStore::OpenOf(kOurs, root_).value();
  const BlobInfo film = store->Put("film").value();
  Unmount();
  ASSERT_THAT(BlobStore::Open(root_), IsOk());

  EXPECT_THAT(store->PathOf(film.id), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(store->Put("another"), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(StoreIdFileTest, InTheStoresOwnDirectoryAMissingBlobIsNotFound) {
  const std::unique_ptr<BlobStore> store = BlobStore::OpenOf(kOurs, root_).value();
  const std::string unknown(32, '0');
  EXPECT_THAT(store->PathOf(unknown), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(store->CheckThere(unknown), StatusIs(absl::StatusCode::kUnavailable))
      << "whoever wrote it writes it again";
}

}  // namespace
}  // namespace camnode
