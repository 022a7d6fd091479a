#include "core/training/report/html.h"

#include <cstddef>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/training/report/explanations.h"
#include "core/training/report/gallery.h"
#include "core/training/report/html_page.h"
#include "core/training/report/sections.h"

namespace camnode {
namespace {

absl::Status AddGallery(const EvaluationResult& result, const FilmReader& read_film,
                        HtmlPage& page) {
  page.Heading(2, "Films worth a look");
  page.Paragraph(
      "Each film with the map of every model over it: where the network found what argued for the "
      "finding. A map says what the network used, not where a disease is.");
  for (const GalleryGroup& group : ChooseGallery(result)) {
    page.Heading(3, group.title);
    page.Paragraph(group.explanation);
    for (const size_t film : group.films) {
      CAMNODE_ASSIGN_OR_RETURN(const std::vector<HtmlPicture> pictures,
                               RenderGalleryFilm(result, film, read_film));
      page.Pictures(pictures);
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> FormatReportHtml(const EvaluationResult& result,
                                             const FilmReader& read_film) {
  HtmlPage page(absl::StrCat("Evaluation: ", result.data.positive_class));
  AddSummary(result, page);
  AddCircumstances(result, page);
  AddComparison(result, page);
  AddShortcut(result, page);
  AddCorruptions(result, page);
  AddOutOfFold(result, page);
  page.Heading(2, "Each model");
  if (result.mean.has_value()) AddScores(*result.mean, result.data, page);
  for (const ScoreEvaluation& model : result.models) AddScores(model, result.data, page);
  AddRuns(result, page);
  page.Heading(2, "What the maps are worth");
  if (result.explanations.has_value()) {
    AddExplanations(*result.explanations, page);
    CAMNODE_RETURN_IF_ERROR(AddExplainedFilms(*result.explanations, read_film, page));
  } else {
    page.Paragraph(absl::StrCat("Not measured: ", result.explanations_absence, "."));
  }
  CAMNODE_RETURN_IF_ERROR(AddGallery(result, read_film, page));
  AddGlossary(page);
  return std::move(page).Finish();
}

}  // namespace camnode
