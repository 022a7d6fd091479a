// Also: found_films, header_patient, labelled_film, patient_patterns.

#include "core/training/films/dataset.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <ios>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/sha256.h"
#include "core/training/films/patient_patterns.h"
#include "tests/testing/dicom_builder.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::StartsWith;

// A folder of files that hold whatever text: no film is decoded here.
class DatasetTest : public ::testing::Test {
 protected:
  DatasetTest() : folder_(fs::temp_directory_path() / absl::StrCat("camnode-dataset-", getpid())) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    options_.path = folder_.string();
    options_.patient_patterns = {R"((p\d+))"};
  }
  ~DatasetTest() override { fs::remove_all(folder_); }

  void Write(const std::string& name, const std::string& bytes) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
  }

  void WriteFourFilms() {
    Write("train/NORMAL/p1.png", "one");
    Write("train/PNEUMONIA/p2.JPG", "two");
    Write("val/NORMAL/p3.jpeg", "three");
    Write("val/PNEUMONIA/p4.dcm", "four");
  }

  void WriteDicom(const std::string& name, const std::string& patient_id,
                  const std::string& issuer = "") {
    fs::create_directories((folder_ / name).parent_path());
    DicomBuilder film;
    // Other bytes, that two films of one patient are not one film twice.
    film.Text(0x0020000D, absl::StrCat("1.2.3.", std::hash<std::string>()(name)));
    film.Text(0x00100020, patient_id).Text(0x00100021, issuer).WriteTo((folder_ / name).string());
  }

  void WriteCsv(const std::string& text) {
    Write("films.csv", text);
    options_.path = (folder_ / "films.csv").string();
  }

  std::vector<std::string> Names() {
    const absl::StatusOr<Dataset> dataset = ReadDataset(options_);
    EXPECT_THAT(dataset, IsOk());
    std::vector<std::string> names;
    if (!dataset.ok()) return names;
    for (const LabelledFilm& film : dataset->films) names.push_back(film.name);
    return names;
  }

  std::vector<std::string> Patients() {
    const absl::StatusOr<Dataset> dataset = ReadDataset(options_);
    EXPECT_THAT(dataset, IsOk());
    std::vector<std::string> patients;
    if (!dataset.ok()) return patients;
    for (const LabelledFilm& film : dataset->films) patients.push_back(film.patient);
    return patients;
  }

  void ExpectRefused(absl::StatusCode code, const std::string& message) {
    EXPECT_THAT(ReadDataset(options_), StatusIs(code, HasSubstr(message)));
  }

  fs::path folder_;
  DatasetOptions options_;
};

TEST_F(DatasetTest, AFolderSaysSplitClassAndPatientOfEveryFilm) {
  WriteFourFilms();
  const absl::StatusOr<Dataset> dataset = ReadDataset(options_);
  ASSERT_THAT(dataset, IsOk());
  EXPECT_THAT(dataset->classes, ElementsAre("NORMAL", "PNEUMONIA"));
  ASSERT_THAT(dataset->films, SizeIs(4));
  const LabelledFilm& film = dataset->films[1];
  EXPECT_EQ(film.name, "train/PNEUMONIA/p2.JPG");
  EXPECT_EQ(film.path, (fs::canonical(folder_) / film.name).string());
  EXPECT_EQ(film.split, "train");
  EXPECT_EQ(film.class_index, 1);
  EXPECT_EQ(film.patient, "p2");
  EXPECT_EQ(film.sha256, Sha256Hex("two"));
}

TEST_F(DatasetTest, FilmsAreOrderedByNameAndOtherFilesLeftOut) {
  WriteFourFilms();
  Write("README.md", "text");
  Write("train/notes.txt", "text");
  Write("train/NORMAL/Thumbs.db", "text");
  Write("train/NORMAL/.p9.png", "hidden");
  Write(".cache/NORMAL/p9.png", "hidden");
  Write("train/NORMAL/p0.png", "zero");
  EXPECT_THAT(Names(),
              ElementsAre("train/NORMAL/p0.png", "train/NORMAL/p1.png", "train/PNEUMONIA/p2.JPG",
                          "val/NORMAL/p3.jpeg", "val/PNEUMONIA/p4.dcm"));
}

TEST_F(DatasetTest, OtherSplitsAreLeftOut) {
  WriteFourFilms();
  Write("test/COVID/p5.png", "five");
  options_.splits = {"val"};
  EXPECT_THAT(Names(), ElementsAre("val/NORMAL/p3.jpeg", "val/PNEUMONIA/p4.dcm"));
}

TEST_F(DatasetTest, ExpectedClassesKeepTheirOrder) {
  WriteFourFilms();
  options_.classes = {"PNEUMONIA", "NORMAL"};
  const absl::StatusOr<Dataset> dataset = ReadDataset(options_);
  ASSERT_THAT(dataset, IsOk());
  EXPECT_EQ(dataset->films[0].class_index, 1);
  EXPECT_EQ(dataset->films[1].class_index, 0);
}

TEST_F(DatasetTest, ACsvAndTheFolderGiveTheSameFilms) {
  WriteFourFilms();
  const absl::StatusOr<Dataset> of_folder = ReadDataset(options_);
  // With the byte order mark, line ends and quotes of a spreadsheet.
  WriteCsv(
      "\xEF\xBB\xBF"
      "split,path,\"class\"\r\n"
      "val,val/PNEUMONIA/p4.dcm,PNEUMONIA\r\n"
      "val,val/NORMAL/p3.jpeg,NORMAL\r\n"
      ",\"train/PNEUMONIA/p2.JPG\",PNEUMONIA\r\n"
      "train,train/NORMAL/p1.png,NORMAL\r\n");
  const absl::StatusOr<Dataset> of_csv = ReadDataset(options_);
  ASSERT_THAT(of_folder, IsOk());
  ASSERT_THAT(of_csv, IsOk());
  EXPECT_EQ(of_csv->digest, of_folder->digest);
  EXPECT_EQ(of_csv->classes, of_folder->classes);
  ASSERT_THAT(of_csv->films, SizeIs(4));
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(of_csv->films[i].name, of_folder->films[i].name);
    EXPECT_TRUE(fs::equivalent(of_csv->films[i].path, of_folder->films[i].path));
    EXPECT_EQ(of_csv->films[i].class_index, of_folder->films[i].class_index);
  }
}

TEST_F(DatasetTest, ACsvMayGivePatientsOtherColumnsAndAbsolutePaths) {
  Write("elsewhere/film without extension", "one");
  Write("p7.png", "two");
  const std::string absolute = (folder_ / "elsewhere/film without extension").string();
  WriteCsv(absl::StrCat("path,class,patient,sex\n", absolute, ",NORMAL,Q-1,\"F, adult\"\n",
                        "p7.png,NORMAL,,\n"));
  const absl::StatusOr<Dataset> dataset = ReadDataset(options_);
  ASSERT_THAT(dataset, IsOk());
  ASSERT_THAT(dataset->films, SizeIs(2));
  EXPECT_EQ(dataset->films[0].path, absolute);
  EXPECT_EQ(dataset->films[0].split, "train");
  EXPECT_EQ(dataset->films[0].patient, "Q-1");
  EXPECT_THAT(dataset->films[0].columns, ElementsAre(Pair("sex", "F, adult")));
  EXPECT_EQ(dataset->films[1].patient, "p7");
}

TEST_F(DatasetTest, ACsvMayBeDividedAsSpreadsheetProgramsOfOtherLanguagesDoIt) {
  Write("a, 1.png", "one");
  Write("b.png", "two");
  for (const char divider : {';', '\t'}) {
    std::string text = "path;class;patient\r\n\"a, 1.png\";NORMAL;7\r\nb.png;PNEUMONIA;8\r\n";
    std::replace(text.begin(), text.end(), ';', divider);
    WriteCsv(text);
    EXPECT_THAT(Names(), ElementsAre("a, 1.png", "b.png"));
  }
}

TEST_F(DatasetTest, SaysWhatIsThereInPlaceOfWhatIsMissing) {
  WriteCsv("Path,Class\n");
  ExpectRefused(absl::StatusCode::kInvalidArgument, "no column 'path'; it has 'Path', 'Class'");
  WriteFourFilms();
  options_.path = folder_.string();
  options_.splits = {"tets"};
  ExpectRefused(absl::StatusCode::kNotFound, "split 'tets'; there is 'train', 'val'");
  WriteCsv("path,class,split\ntrain/NORMAL/p1.png,NORMAL,Train\n");
  ExpectRefused(absl::StatusCode::kNotFound, "split 'tets'; there is 'Train'");
  // As films are often handed on: classes without a split.
  options_.path = (folder_ / "train").string();
  options_.splits = {};
  ExpectRefused(absl::StatusCode::kNotFound,
                absl::StrCat("films lie in 'NORMAL', which seems to be a class: if so, the data "
                             "set is '",
                             folder_.string(), "' and its split 'train'"));
  options_.path = (folder_ / "train/NORMAL").string();
  ExpectRefused(absl::StatusCode::kNotFound, "without a class lie in the folder itself");
}

TEST_F(DatasetTest, NamesAllFilmsThatAreMissingOrTheFirstOfMany) {
  Write("p1.png", "one");
  WriteCsv("path,class\np1.png,NORMAL\np2.png,NORMAL\np3.png,NORMAL\n");
  ExpectRefused(
      absl::StatusCode::kNotFound,
      "2 films cannot be read: line 3: film 'p2.png': no such file; line 4: film 'p3.png'");
  std::string many = "path,class\n";
  for (int i = 10; i < 30; ++i) absl::StrAppend(&many, "p", i, ".png,NORMAL\n");
  WriteCsv(many);
  ExpectRefused(absl::StatusCode::kNotFound, "film 'p19.png': no such file; ...");
}

TEST_F(DatasetTest, CountsTheFilesThatAreLeftOutForTheirNames) {
  WriteFourFilms();
  EXPECT_EQ(ReadDataset(options_).value().other_files, 0);
  Write("train/NORMAL/1.2.840.7", "a film without an extension");
  EXPECT_EQ(ReadDataset(options_).value().other_files, 1);
}

TEST_F(DatasetTest, ASplitWhoseFilesHaveOtherNamesIsToldFromOneThatIsAbsent) {
  Write("train/NORMAL/1.2.840.7", "a film without an extension");
  Write("train/PNEUMONIA/1.2.840.8", "another");
  Write("test/NORMAL/p1.png", "one");
  options_.splits = {"train"};
  EXPECT_THAT(ReadDataset(options_),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr("no films in split 'train': 2 other files"),
                             HasSubstr(".dcm, .jpg, .jpeg or .png"), Not(HasSubstr("there is")))));
  options_.splits = {};
  fs::remove_all(folder_ / "test");
  ExpectRefused(absl::StatusCode::kNotFound, "no films: 2 other files");
}

TEST_F(DatasetTest, TheFirstPatternThatMatchesTheFileNameNamesThePatient) {
  Write("train/IM-7/NORMAL2-IM-1-0001.png", "one");
  Write("train/IM-7/IM-2-0001.png", "two");
  options_.patient_patterns = {R"((person\d+_(?:bacteria|virus)))", R"((NORMAL2-IM-\d+))",
                               R"((IM-\d+))"};
  const absl::StatusOr<Dataset> dataset = ReadDataset(options_);
  ASSERT_THAT(dataset, IsOk());
  EXPECT_EQ(dataset->films[0].patient, "IM-2");
  EXPECT_EQ(dataset->films[1].patient, "NORMAL2-IM-1");
}

TEST_F(DatasetTest, TheDigestChangesWithWhateverIsSaidOfAFilm) {
  WriteFourFilms();
  const auto digest = [&] { return ReadDataset(options_).value().digest; };
  std::set<std::string> digests = {digest()};
  EXPECT_EQ(digests.count(digest()), 1) << "the same films, read again";
  Write("train/NORMAL/p1.png", "other bytes");
  digests.insert(digest());
  fs::rename(folder_ / "train/NORMAL/p1.png", folder_ / "train/NORMAL/p1b.png");
  digests.insert(digest());
  fs::rename(folder_ / "val", folder_ / "test");
  digests.insert(digest());
  options_.patient_patterns = {R"((\d+))"};
  digests.insert(digest());
  EXPECT_THAT(digests, SizeIs(5));
}

TEST_F(DatasetTest, TheDigestTellsApartWhatReadsAlikeInARow) {
  Write("film.png", "one");
  std::set<std::string> digests;
  for (const char* said : {"train,NORMAL,q1", "train,NORMALq,1", "trainN,ORMAL,q1"}) {
    WriteCsv(absl::StrCat("path,split,class,patient\nfilm.png,", said, "\n"));
    digests.insert(ReadDataset(options_).value().digest);
  }
  EXPECT_THAT(digests, SizeIs(3));
}

TEST_F(DatasetTest, AbsentFoldersFilesAndFilmsAreNotFound) {
  options_.path = (folder_ / "absent").string();
  ExpectRefused(absl::StatusCode::kNotFound, "absent");
  options_.path = folder_.string();
  ExpectRefused(absl::StatusCode::kNotFound, "no films");
  WriteFourFilms();
  options_.splits = {"val", "tets"};
  ExpectRefused(absl::StatusCode::kNotFound, "no films in split 'tets'");
  options_.splits = {};
  WriteCsv("path,class\ntrain/NORMAL/p1.png,NORMAL\ntrain/NORMAL/p8.png,NORMAL\n");
  ExpectRefused(absl::StatusCode::kNotFound, "line 3: film 'train/NORMAL/p8.png'");
  // Not a file: opening it would wait for ever.
  ASSERT_EQ(mkfifo((folder_ / "p9.png").c_str(), 0600), 0);
  WriteCsv("path,class\np9.png,NORMAL\n");
  ExpectRefused(absl::StatusCode::kNotFound, "line 2: film 'p9.png'");
}

TEST_F(DatasetTest, ClassesMustBeThoseExpected) {
  WriteFourFilms();
  options_.classes = {"NORMAL"};
  ExpectRefused(absl::StatusCode::kInvalidArgument, "'train/PNEUMONIA/p2.JPG' is of class");
  options_.classes = {"NORMAL", "PNEUMONIA", "COVID"};
  ExpectRefused(absl::StatusCode::kInvalidArgument, "no film of class 'COVID'");
  options_.classes = {"NORMAL", "PNEUMONIA", "NORMAL"};
  ExpectRefused(absl::StatusCode::kInvalidArgument, "twice");
}

TEST_F(DatasetTest, EveryFilmNeedsAPatient) {
  WriteFourFilms();
  Write("val/NORMAL/x.png", "x");
  options_.patient_patterns = {R"((p\d+))", R"((q\d*))"};
  EXPECT_THAT(ReadDataset(options_),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("'val/NORMAL/x.png'"), HasSubstr(R"((p\d+), (q\d*))"))));
  options_.patient_patterns = {};
  ExpectRefused(absl::StatusCode::kInvalidArgument, "neither a column 'patient' nor a pattern");
}

// Hospitals number their films alike.
TEST_F(DatasetTest, AFilmThatIsAPatientOfItsOwnIsNotMixedUpWithItsNamesake) {
  Write("H1/study/00000001.png", "one");
  Write("H2/study/00000001.png", "two");
  WriteCsv("path,class\nH1/study/00000001.png,NORMAL\nH2/study/00000001.png,NORMAL\n");
  options_.patient_patterns = UsualPatientPatterns();
  EXPECT_THAT(Patients(), ElementsAre("H1/study/00000001.png", "H2/study/00000001.png"));
}

TEST_F(DatasetTest, ADicomHeaderNamesThePatientWithoutWritingTheIdDown) {
  WriteDicom("train/NORMAL/a.dcm", "P-7", "H1");
  WriteDicom("train/NORMAL/b.dcm", " P-7 ", "H1");
  WriteDicom("train/NORMAL/c.dcm", "P-7", "H2");
  WriteDicom("train/NORMAL/d.dcm", "P-8");
  const std::string h1 = absl::StrCat("dicom-", Sha256Hex({"H1\0P-7", 6}).substr(0, 16));
  const std::string h2 = absl::StrCat("dicom-", Sha256Hex({"H2\0P-7", 6}).substr(0, 16));
  const std::string none = absl::StrCat("dicom-", Sha256Hex({"\0P-8", 4}).substr(0, 16));
  for (const std::vector<std::string>& patterns : {{}, UsualPatientPatterns()}) {
    options_.patient_patterns = patterns;
    EXPECT_THAT(Patients(), ElementsAre(h1, h1, h2, none));
  }
}

TEST_F(DatasetTest, AColumnAndAPatternGoBeforeTheDicomHeader) {
  WriteDicom("a.dcm", "P-7");
  WriteDicom("p1.dcm", "P-7");
  WriteDicom("c", "P-7");
  WriteCsv("path,class,patient\na.dcm,NORMAL,Q-1\nc,NORMAL,\np1.dcm,NORMAL,\n");
  EXPECT_THAT(Patients(), ElementsAre("Q-1", StartsWith("dicom-"), "p1"));
  const Dataset dataset = ReadDataset(options_).value();
  for (const LabelledFilm& film : dataset.films) {
    EXPECT_THAT(film.header_patient, StartsWith("dicom-")) << film.name;
  }
}

TEST_F(DatasetTest, AnEmptyPatientIdNamesNobody) {
  WriteDicom("train/NORMAL/a.dcm", "");
  WriteDicom("train/NORMAL/b.dcm", "");
  options_.patient_patterns = UsualPatientPatterns();
  EXPECT_THAT(Patients(), ElementsAre("train/NORMAL/a.dcm", "train/NORMAL/b.dcm"));
  options_.patient_patterns = {};
  ExpectRefused(absl::StatusCode::kInvalidArgument, "its DICOM header has no Patient ID either");
}

// "ANONYMOUS", and whatever else stands where an ID was.
TEST_F(DatasetTest, APatientIdThatAllOfManyFilmsShareNamesNobody) {
  options_.patient_patterns = UsualPatientPatterns();
  for (int i = 0; i < 9; ++i) WriteDicom(absl::StrCat("train/NORMAL/", i, ".dcm"), "ANON");
  EXPECT_THAT(Patients(), Each(StartsWith("dicom-")));
  WriteDicom("train/NORMAL/9.dcm", "ANON");
  EXPECT_THAT(Patients(), AllOf(SizeIs(10), Each(StartsWith("train/"))));
  options_.patient_patterns = {};
  ExpectRefused(absl::StatusCode::kInvalidArgument, "is the same in all films");
  WriteDicom("train/NORMAL/10.dcm", "P-7");
  EXPECT_THAT(Patients(), Each(StartsWith("dicom-")));
}

TEST_F(DatasetTest, SaysThatTheCellOfAPatientIsEmptyWhereThereIsAColumn) {
  Write("a.png", "one");
  Write("b.png", "two");
  WriteCsv("path,class,patient\na.png,NORMAL,7\nb.png,NORMAL,\n");
  options_.patient_patterns = {};
  EXPECT_THAT(ReadDataset(options_),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("film 'b.png' has no patient"),
                             HasSubstr("in the column 'patient', line 3, is empty"),
                             Not(HasSubstr("neither")))));
  options_.patient_patterns = {R"((q\d+))"};
  EXPECT_THAT(ReadDataset(options_),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("line 3, is empty"), HasSubstr(R"((q\d+))"))));
}

TEST_F(DatasetTest, RefusesPatternsThatCannotNameAPatient) {
  WriteFourFilms();
  for (const char* pattern : {"(p", R"(p\d+)", R"((p)(\d+))", R"((p)\1)"}) {
    options_.patient_patterns = {pattern};
    ExpectRefused(absl::StatusCode::kInvalidArgument, absl::StrCat("pattern '", pattern, "'"));
  }
}

TEST_F(DatasetTest, RefusesACsvThatCannotBeUnderstood) {
  WriteFourFilms();
  const auto refused = [&](const std::string& text, const std::string& message) {
    WriteCsv(text);
    ExpectRefused(absl::StatusCode::kInvalidArgument, message);
  };
  const std::string film = "train/NORMAL/p1.png,NORMAL\n";
  refused("", "no column 'path'");
  refused("path,label\n" + film, "no column 'class'");
  refused("path,class,class\n", "two alike");
  refused("path,class,\n", "without a name");
  refused("path,class" + std::string(255, ',') + "\n", "more than 256 columns");
  refused("path,class\n" + film + "p1.png\n", "line 3: 1 fields under 2 columns");
  refused("path,class\n" + film + "p1.png,NORMAL,x\n", "line 3: 3 fields under 2 columns");
  refused("path,class\n,NORMAL\n", "line 2: no path");
  refused("path,class\np1.png,\n", "line 2: no class");
  refused("path,class\n\"p1.png\n", "line 2: a quote");
  refused("path,class\n" + film + film, "line 3: film 'train/NORMAL/p1.png' is in line 2 already");
}

TEST_F(DatasetTest, RefusesNamesThatAreNotUtf8) {
  Write("p1.png", "one");
  WriteCsv("path,class,ward\np1.png,NORMAL,M\xC3\xBCnster\n");
  EXPECT_THAT(ReadDataset(options_), IsOk());
  WriteCsv("path,class,ward\np1.png,NORMAL,M\xFCnster\n");
  ExpectRefused(absl::StatusCode::kInvalidArgument, "line 2: 'M\xEF\xBF\xBDnster' is not UTF-8");
  WriteCsv("path,class,h\xF6he\n");
  ExpectRefused(absl::StatusCode::kInvalidArgument, "is not UTF-8");
  options_.path = folder_.string();
  Write("train/NORMAL/p1\xFC.png", "one");
  ExpectRefused(absl::StatusCode::kInvalidArgument, "'train/NORMAL/p1\xEF\xBF\xBD.png'");
}

TEST_F(DatasetTest, TheSameBytesMustNotBeOfTwoClasses) {
  WriteFourFilms();
  Write("val/PNEUMONIA/p5.png", "one");
  ExpectRefused(absl::StatusCode::kInvalidArgument,
                "'val/PNEUMONIA/p5.png' of class 'PNEUMONIA' has the same bytes as "
                "'train/NORMAL/p1.png' of class 'NORMAL'");
}

TEST_F(DatasetTest, LinksLeadNowhereOutOfTheFolder) {
  WriteFourFilms();
  fs::create_symlink("p1.png", folder_ / "train/NORMAL/p9.png");
  EXPECT_THAT(Names(), SizeIs(5)) << "a link inside is a film like any other";
  const fs::path outside = absl::StrCat(folder_.string(), "-outside");
  fs::create_directories(outside / "NORMAL");
  for (const auto& [target, link] :
       {std::pair<fs::path, const char*>{"/etc/hostname", "val/NORMAL/p8.png"},
        {outside / "NORMAL", "val/COVID"},
        {outside, "test"},
        {"absent", "val/NORMAL/p7.png"}}) {
    fs::create_symlink(target, folder_ / link);
    ExpectRefused(absl::StatusCode::kInvalidArgument, absl::StrCat(link, "' leads out"));
    fs::remove(folder_ / link);
  }
  fs::remove_all(outside);
}

}  // namespace
}  // namespace camnode
