#include "core/dicom/file/transfer_syntax.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace camnode {
namespace {

TEST(TransferSyntaxTest, EveryOfferedTransferSyntaxIsOfferedOnceAndHasAName) {
  const auto& offered = SupportedTransferSyntaxes();
  EXPECT_EQ(offered.size(), 13u);
  for (const absl::string_view syntax : offered) {
    EXPECT_EQ(std::count(offered.begin(), offered.end(), syntax), 1) << syntax;
    EXPECT_NE(TransferSyntaxName(syntax), "") << syntax;
  }
  EXPECT_EQ(std::count(offered.begin(), offered.end(), "1.2.840.10008.1.2"), 1);
}

TEST(TransferSyntaxTest, WhatIsNotSupportedStillHasItsName) {
  EXPECT_EQ(TransferSyntaxName("1.2.840.10008.1.2.4.201"),
            "High-Throughput JPEG 2000 Lossless Only");
  EXPECT_EQ(TransferSyntaxName("1.2.3.4"), "");
}

TEST(TransferSyntaxTest, OnlyPixelDataOfTheJpegFamilyAndRleComesInFragments) {
  for (const char* syntax : {kRleLossless, kJpegBaseline, kJpegLsLossless, kJpeg2000}) {
    EXPECT_TRUE(IsEncapsulated(syntax)) << syntax;
  }
  for (const char* syntax :
       {kImplicitLittleEndian, kExplicitLittleEndian, kDeflatedLittleEndian, kExplicitBigEndian}) {
    EXPECT_FALSE(IsEncapsulated(syntax)) << syntax;
  }
}

}  // namespace
}  // namespace camnode
