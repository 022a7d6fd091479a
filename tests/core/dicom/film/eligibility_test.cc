// Also: header_vocabulary.

#include "core/dicom/film/eligibility.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "core/dicom/file/implementation.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_data.h"

namespace camnode {
namespace {

InstanceHeader ChestFilm() {
  InstanceHeader header;
  header.sop_class_uid = *Uid::Parse("1.2.840.10008.5.1.4.1.1.1");
  header.modality = "CR";
  header.image_type = {"DERIVED", "PRIMARY"};  // As real films are.
  header.body_part = "CHEST";
  header.view_position = "PA";
  header.patient_orientation = "L\\F";
  header.photometric_interpretation = "MONOCHROME2";
  header.rows = 2'000;
  header.columns = 1'800;
  header.samples_per_pixel = 1;
  return header;
}

// The code for a chest film changed by `change`; "" if it is still eligible.
template <typename Change>
std::string CodeFor(Change change) {
  InstanceHeader header = ChestFilm();
  change(header);
  const auto refused = CheckHeader(header);
  return refused ? refused->code : "";
}

std::string CodeForSopClass(const char* uid) {
  return CodeFor([uid](InstanceHeader& h) { h.sop_class_uid = *Uid::Parse(uid); });
}
std::string CodeForModality(const char* modality) {
  return CodeFor([modality](InstanceHeader& h) { h.modality = modality; });
}
std::string CodeForBodyPart(const char* part) {
  return CodeFor([part](InstanceHeader& h) { h.body_part = part; });
}
std::string CodeForView(const char* view) {
  return CodeFor([view](InstanceHeader& h) { h.view_position = view; });
}

TEST(CheckHeaderTest, AFrontalChestFilmIsEligibleAndSoIsASilentHeader) {
  EXPECT_EQ(CodeFor([](InstanceHeader&) {}), "");
  EXPECT_EQ(CodeFor([](InstanceHeader& h) {
              h = InstanceHeader();
              h.sop_class_uid = *Uid::Parse("1.2.840.10008.5.1.4.1.1.7");
              h.modality = "OT";
            }),
            "");
}

TEST(CheckHeaderTest, OnlyProjectionRadiographsAreTaken) {
  EXPECT_EQ(CodeForSopClass("1.2.840.10008.5.1.4.1.1.1.1"), "");
  EXPECT_EQ(CodeForSopClass("1.2.840.10008.5.1.4.1.1.7.2"), "");
  EXPECT_EQ(CodeForSopClass("1.2.840.10008.5.1.4.1.1.1.1.1"), "NOT_FOR_PRESENTATION");
  EXPECT_EQ(CodeForSopClass("1.2.840.10008.5.1.4.1.1.2"), "NOT_A_RADIOGRAPH");
  EXPECT_EQ(CodeForSopClass("1.2.840.10008.5.1.4.1.1.88.33"), "NOT_A_RADIOGRAPH");
  for (const char* modality : {"", "CR", "DX", "OT", "SC"}) {
    EXPECT_EQ(CodeForModality(modality), "") << modality;
  }
  for (const char* modality : {"CT", "MR", "US", "MG", "XA", "PX", "IO", "SR"}) {
    EXPECT_EQ(CodeForModality(modality), "NOT_A_RADIOGRAPH") << modality;
  }
  EXPECT_EQ(CodeFor([](InstanceHeader& h) { h.presentation_intent = "FOR PROCESSING"; }),
            "NOT_FOR_PRESENTATION");
  EXPECT_EQ(CodeFor([](InstanceHeader& h) {
              h.image_type = {"ORIGINAL", "PRIMARY", "LOCALIZER"};
            }),
            "LOCALIZER");
}

TEST(CheckHeaderTest, OurOwnOutputsAreNoFilms) {
  EXPECT_EQ(CodeFor([](InstanceHeader& h) { h.contributed_by_camnode = true; }), "OWN_OUTPUT");
  EXPECT_EQ(
      CodeFor([](InstanceHeader& h) { h.instance_creator_uid = CamnodeInstanceCreatorUid(); }),
      "OWN_OUTPUT");
}

TEST(CheckHeaderTest, TheSizeAndTheFramesAreChecked) {
  EXPECT_EQ(CodeFor([](InstanceHeader& h) { h.rows = 63; }), "TOO_SMALL");
  EXPECT_EQ(CodeFor([](InstanceHeader& h) { h.rows = h.columns = 64; }), "");
  EXPECT_EQ(CodeFor([](InstanceHeader& h) { h.frames = 2; }), "MULTI_FRAME");
}

TEST(CheckHeaderTest, TheBodyPartMayBeSpeltInManyWaysButNotBeAnother) {
  for (const char* part : {"", "CHEST", "Chest", "THORAX", "LUNG", "CHESTABDOMEN", "UNKNOWN"}) {
    EXPECT_EQ(CodeForBodyPart(part), "") << part;
  }
  for (const char* part : {"HAND", "ABDOMEN", "RIBCAGE", "SKULL", "TSPINE"}) {
    EXPECT_EQ(CodeForBodyPart(part), "NOT_CHEST") << part;
  }
}

TEST(CheckHeaderTest, DescriptionsSpeakWhereTheBodyPartIsSilent) {
  const auto described = [](const char* text, const char* part) {
    return CodeFor([=](InstanceHeader& h) {
      h.body_part = part;
      h.descriptions = {text};
    });
  };
  EXPECT_EQ(described("Left hand", ""), "NOT_CHEST");
  EXPECT_EQ(described("Left hand", "CHEST"), "");
  EXPECT_EQ(described("Chest and abdomen", ""), "");
  EXPECT_EQ(described("Handout 7", ""), "");
  EXPECT_EQ(described("CANINE THORAX", "CHEST"), "NOT_HUMAN");
}

TEST(CheckHeaderTest, SideAndObliqueViewsAreNotFrontal) {
  for (const char* view : {"", "PA", "AP", "AP SUPINE", "CHEST PA", "ERECT"}) {
    EXPECT_EQ(CodeForView(view), "") << view;
  }
  for (const char* view : {"LL", "RL", "LATERAL", "LAT", "RLD", "LLO", "LPO"}) {
    EXPECT_EQ(CodeForView(view), "NOT_FRONTAL") << view;
  }
  EXPECT_EQ(CodeForView("XX"), "UNKNOWN_VIEW");
}

TEST(CheckHeaderTest, OrientationPositionAndCodeSpeakOfTheViewToo) {
  EXPECT_EQ(CodeFor([](InstanceHeader& h) { h.patient_orientation = "A\\F"; }), "NOT_FRONTAL");
  EXPECT_EQ(CodeFor([](InstanceHeader& h) { h.patient_orientation = "PF\\F"; }), "NOT_FRONTAL");
  EXPECT_EQ(CodeFor([](InstanceHeader& h) { h.patient_orientation = "F\\R"; }), "");
  EXPECT_EQ(CodeFor([](InstanceHeader& h) { h.patient_position = "HFS"; }), "");
  EXPECT_EQ(CodeFor([](InstanceHeader& h) { h.patient_position = "PA"; }), "");
  EXPECT_EQ(CodeFor([](InstanceHeader& h) { h.patient_position = "HFDL"; }), "NOT_FRONTAL");
  EXPECT_EQ(CodeFor([](InstanceHeader& h) { h.patient_position = "XX"; }), "UNKNOWN_VIEW");
  EXPECT_EQ(CodeFor([](InstanceHeader& h) { h.view_code.meaning = "left lateral"; }),
            "NOT_FRONTAL");
  EXPECT_EQ(CodeFor([](InstanceHeader& h) { h.view_code.meaning = "postero-anterior"; }), "");
  EXPECT_EQ(CodeFor([](InstanceHeader& h) {
              h.view_position = "";
              h.descriptions = {"Thorax lat."};
            }),
            "NOT_FRONTAL");
  EXPECT_EQ(CodeFor([](InstanceHeader& h) {
              h.view_position = "";
              h.descriptions = {"Chest PA/LAT"};
            }),
            "");
}

TEST(CheckHeaderTest, CodesSpeakWhereMeaningsAreSilentOrForeign) {
  const auto with_view = [](HeaderCode code) {
    return CodeFor([&](InstanceHeader& h) {
      h.view_position = "";
      h.view_code = std::move(code);
    });
  };
  EXPECT_EQ(with_view({"399348003", "SCT", ""}), "");
  EXPECT_EQ(with_view({"R-10214", "SRT", "vue de face"}), "");
  EXPECT_EQ(with_view({"399173006", "SCT", ""}), "NOT_FRONTAL");
  EXPECT_EQ(with_view({"R-10236", "SNM3", "seitlich"}), "NOT_FRONTAL");
  EXPECT_EQ(with_view({"17", "99ACME", "our usual view"}), "") << "a private code is no reason";
  const auto with_region = [](HeaderCode code) {
    return CodeFor([&](InstanceHeader& h) {
      h.body_part = "";
      h.anatomic_region = std::move(code);
    });
  };
  EXPECT_EQ(with_region({"T-D3000", "SRT", ""}), "");
  EXPECT_EQ(with_region({"816094009", "SCT", ""}), "");
  EXPECT_EQ(with_region({"302551006", "SCT", "Entire thorax"}), "");
  EXPECT_EQ(with_region({"38266002", "SCT", "Entire body"}), "");
  EXPECT_EQ(with_region({"T-D8700", "SRT", "main"}), "NOT_CHEST");
  EXPECT_EQ(with_region({"H1", "99ACME", "Left hand"}), "NOT_CHEST");
  EXPECT_EQ(with_region({"H1", "99ACME", "something"}), "");
}

TEST(CheckHeaderTest, StripsAndColoursForPrintAreNoFilms) {
  EXPECT_EQ(CodeFor([](InstanceHeader& h) { h.rows = 4 * h.columns; }), "");
  EXPECT_EQ(CodeFor([](InstanceHeader& h) { h.rows = 4 * h.columns + 1; }), "ODD_SHAPE");
  EXPECT_EQ(CodeFor([](InstanceHeader& h) { h.photometric_interpretation = "CMYK"; }),
            "NOT_GRAYSCALE");
  EXPECT_EQ(CodeFor([](InstanceHeader& h) { h.photometric_interpretation = "RGB"; }), "")
      << "gray may be stored so: the pixels tell";
}

TEST(CheckHeaderTest, OtherLanguagesNameTheChestToo) {
  for (const char* part : {"TORAX", "Torace", "POUMONS", "Brustkorb", "LUNGE"}) {
    EXPECT_EQ(CodeForBodyPart(part), "") << part;
  }
  EXPECT_EQ(CodeForBodyPart("THORACIC SPINE"), "NOT_CHEST");
  EXPECT_EQ(CodeForBodyPart("BEHANDLUNG"), "NOT_CHEST");
}

TEST(CheckHeaderTest, NoReasonRepeatsWhatTheFileSays) {
  InstanceHeader header = ChestFilm();
  header.body_part = "SMITH";
  const auto refused = CheckHeader(header);
  ASSERT_TRUE(refused);
  EXPECT_THAT(refused->reason, testing::Not(testing::HasSubstr("SMITH")));
}

struct PublicFilm {
  const char* file;
  const char* code;
};

TEST(EligibilityTest, ThePublicFilmsAreSortedAsTheyShould) {
  CAMNODE_NEEDS_TEST_DATA("dicom_chest");
  for (const PublicFilm& film : {
           PublicFilm{"966.dcm", ""},
           {"CR-MONO1-10-chest_explicit.dcm", ""},
           {"CR-MONO1-10-chest_noPreamble.dcm", ""},
           {"RG1_J2KI.dcm", ""},
           {"udacity_nih_test1.dcm", ""},
           {"udacity_nih_test3.dcm", ""},
           {"udacity_nih_test4.dcm", "NOT_CHEST"},
           {"udacity_nih_test6.dcm", "UNKNOWN_VIEW"},
           {"NEGATIVE_animal_lateral_dx_image.dcm", "NOT_HUMAN"},
           {"NEGATIVE_dental_CR-ModalitySequenceLUT.dcm", "NOT_CHEST"},
       }) {
    const std::string path = TestDataPath("dicom_chest/") + film.file;
    const auto header = ReadInstanceHeader(path);
    ASSERT_THAT(header, IsOk()) << film.file;
    const auto refused = CheckHeader(*header);
    EXPECT_EQ(refused ? refused->code : "", film.code) << film.file;
  }
}

}  // namespace
}  // namespace camnode
