#include "core/intake/upload_digest.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <utility>

#include "core/base/sha256.h"

namespace camnode {
namespace {

// File meta information of six bytes after its length.
const std::string kHeader =
    std::string(128, 'p') + std::string("DICM\x02\0\0\0UL\x04\0\x06\0\0\0", 16) + "abcdef";

UploadDigest::Result DigestOf(MediaType type, const std::string& bytes, size_t at_once) {
  UploadDigest digest(type);
  for (size_t i = 0; i < bytes.size(); i += at_once) {
    digest.Update(absl::string_view(bytes).substr(i, at_once));
  }
  return std::move(digest).Finish();
}

TEST(UploadDigestTest, PassesByTheFileMetaInformationHoweverTheFileIsCut) {
  for (const size_t at_once : {size_t{1}, size_t{100}, size_t{145}, size_t{5000}}) {
    const auto result = DigestOf(MediaType::kDicom, kHeader + "the data set", at_once);
    EXPECT_EQ(result.sha256, Sha256Hex("the data set")) << at_once;
    EXPECT_EQ(result.size_bytes, 12);
  }
}

TEST(UploadDigestTest, TakesAllOfWhateverBeginsOtherwise) {
  for (const std::string& file : {std::string("short"), std::string(), std::string(500, 'x'),
                                  std::string(128, 'p') + "DICM" + std::string(100, 'y')}) {
    EXPECT_EQ(DigestOf(MediaType::kDicom, file, 7).sha256, Sha256Hex(file));
  }
  EXPECT_EQ(DigestOf(MediaType::kPng, kHeader + "z", 7).sha256, Sha256Hex(kHeader + "z"));
}

TEST(UploadDigestTest, EndsWhereAFileEndsThatClaimsALongerHeader) {
  std::string file = kHeader;
  file[143] = '\x7F';
  EXPECT_EQ(DigestOf(MediaType::kDicom, file + "the data set", 7).size_bytes, 0);
}

}  // namespace
}  // namespace camnode
