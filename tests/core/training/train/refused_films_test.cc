#include "core/training/train/refused_films.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/testing/dicom_builder.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;

class RefusedFilmsTest : public ::testing::Test {
 protected:
  RefusedFilmsTest() : folder_(fs::path(::testing::TempDir()) / "refused_films_test") {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~RefusedFilmsTest() override { fs::remove_all(folder_); }

  std::string Add(const std::string& name) {
    LabelledFilm& film = dataset_.films.emplace_back();
    film.name = name;
    film.path = (folder_ / name).string();
    return film.path;
  }

  static auto Refused(const std::string& code, size_t films, const std::string& first) {
    return AllOf(Field(&RefusedFilms::code, code), Field(&RefusedFilms::films, films),
                 Field(&RefusedFilms::first, first));
  }

  fs::path folder_;
  Dataset dataset_;
};

TEST_F(RefusedFilmsTest, CountsThemByReasonAndNamesTheFirst) {
  DicomBuilder().WriteTo(Add("a.dcm"));
  DicomBuilder().Text(0x00185101, "LL").WriteTo(Add("b.dcm"));
  DicomBuilder().Text(0x00180015, "FOOT").WriteTo(Add("c.dcm"));
  DicomBuilder().Text(0x00185101, "LATERAL").WriteTo(Add("d.dcm"));
  DicomBuilder().Text(0x00080016, "1.2.840.10008.5.1.4.1.1.2").WriteTo(Add("e.dcm"));
  EXPECT_THAT(FindRefusedFilms(dataset_),
              ElementsAre(Refused("NOT_A_RADIOGRAPH", 1, "e.dcm"), Refused("NOT_CHEST", 1, "c.dcm"),
                          Refused("NOT_FRONTAL", 2, "b.dcm")));
}

TEST_F(RefusedFilmsTest, DoesNotJudgeWhatHasNoHeader) {
  std::ofstream(Add("a.png")) << "\x89PNG\r\n\x1a\n and more";
  std::ofstream(Add("b.dcm")) << "no DICOM";
  Add("absent.dcm");
  EXPECT_THAT(FindRefusedFilms(dataset_), IsEmpty());
}

}  // namespace
}  // namespace camnode
