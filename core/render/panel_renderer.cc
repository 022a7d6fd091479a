// RenderPanel: a grid of tiles (the film, then each model's overlay, each with a
// caption) above a footer with the agreement.

#include <algorithm>
#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/domain/analysis.h"
#include "core/render/heatmap_blender.h"
#include "core/render/legend.h"
#include "core/render/overlay_renderer.h"
#include "core/render/picture_fit.h"
#include "core/render/result_text.h"

namespace camnode {
namespace {

// Of max_long_side squared; see kOverlayAreaShare in overlay_renderer.cc.
constexpr double kPanelAreaShare = 0.5;
// A caption narrower than this many capital heights would break every word.
constexpr int kMinCellCapitals = 26;

struct Grid {
  int columns = 1;
  cv::Size tile;       // One film.
  int cell_width = 0;  // At least the tile's.
  int caption_height = 0;
  int gap = 0;

  cv::Size CellSize() const { return cv::Size(cell_width, tile.height + caption_height); }
  int Rows(int tiles) const { return (tiles + columns - 1) / columns; }
  // Of all cells together.
  cv::Size Size(int tiles) const {
    const int rows = Rows(tiles);
    return cv::Size(columns * cell_width + (columns - 1) * gap,
                    rows * CellSize().height + (rows - 1) * gap);
  }
  cv::Point CellCorner(int index) const {
    return cv::Point((index % columns) * (cell_width + gap),
                     (index / columns) * (CellSize().height + gap));
  }
};

struct Panel {
  std::vector<Legend> captions;  // One per tile, the plain film's first.
  Legend footer;
  int capital_height;

  Grid GridFor(int columns, const cv::Size& tile) const {
    Grid grid;
    grid.columns = columns;
    grid.tile = tile;
    grid.gap = capital_height;
    grid.cell_width = std::max(tile.width, kMinCellCapitals * capital_height);
    for (const Legend& caption : captions) {
      grid.caption_height = std::max(grid.caption_height, caption.Height(grid.cell_width));
    }
    return grid;
  }

  cv::Size PictureSize(const Grid& grid) const {
    const cv::Size cells = grid.Size(static_cast<int>(captions.size()));
    const int width = std::max(cells.width, footer.WidthOfWidestStrongRow());
    return cv::Size(width, cells.height + footer.Height(width));
  }
};

Panel MakePanel(const Analysis& analysis, const OverlayOptions& options, int capital_height) {
  Panel panel = {{}, Legend(capital_height), capital_height};
  panel.captions.emplace_back(capital_height);
  panel.captions.back().AddStrong("film");
  panel.captions.back().AddText("without a map");
  for (const ModelResult& result : analysis.results) {
    Legend caption(capital_height);
    caption.AddPair(ModelTitle(result), VerdictText(result.finding), /*strong=*/true);
    caption.AddText(ProbabilityText(result.finding));
    caption.AddScale(result.heatmap.peak, options.alpha);
    panel.captions.push_back(caption);
  }
  const Agreement& agreement = analysis.agreement;
  if (!agreement.sentence.empty()) {
    // Not strong: those rows are never wrapped, and a small panel has no room for it.
    panel.footer.AddText(agreement.sentence.substr(0, kMaxTextBytes));
  }
  if (agreement.models >= 2) panel.footer.AddText(AgreementNumbers(agreement));
  for (const AnalysisFlag& flag : analysis.flags) {
    panel.footer.AddText(absl::StrCat("Note: ", flag.text.substr(0, kMaxTextBytes)));
  }
  panel.footer.AddPair(kResearchOnly, options.population, /*strong=*/true);
  return panel;
}

// The arrangement that shows the film largest; of equals the widest, because
// side by side compares best.
Grid BestGrid(const Panel& panel, const cv::Size& film, const PictureLimit& limit) {
  Grid best;
  for (int columns = static_cast<int>(panel.captions.size()); columns >= 1; --columns) {
    const cv::Size tile = LargestFit(film, [&](const cv::Size& size) {
      return limit.Allows(panel.PictureSize(panel.GridFor(columns, size)));
    });
    if (tile.width > best.tile.width) best = panel.GridFor(columns, tile);
  }
  return best;
}

}  // namespace

absl::StatusOr<cv::Mat3b> RenderPanel(const cv::Mat1b& film, const Analysis& analysis,
                                      const OverlayOptions& options) {
  CAMNODE_RETURN_IF_ERROR(CheckPicture(film, options));
  for (const ModelResult& result : analysis.results) CAMNODE_RETURN_IF_ERROR(CheckMap(result));

  // Tiles are smaller than the picture: text to the measure of a single overlay.
  const int long_side = LongSideFor(film.size() * 2, options.max_long_side) * 2 / 3;
  const Panel panel = MakePanel(analysis, options, CapitalHeight(long_side));
  const Grid grid = BestGrid(panel, film.size(), {options.max_long_side, kPanelAreaShare});
  const cv::Size size = panel.PictureSize(grid);
  cv::Mat3b picture(size);
  picture.setTo(kBackground);

  const int tiles = static_cast<int>(panel.captions.size());
  const cv::Size cells = grid.Size(tiles);
  const cv::Point origin((size.width - cells.width) / 2, 0);
  const cv::Mat1b small = ResizeFilm(film, grid.tile);
  for (int i = 0; i < tiles; ++i) {
    const cv::Point corner = origin + grid.CellCorner(i);
    const cv::Point tile_corner = corner + cv::Point((grid.cell_width - grid.tile.width) / 2, 0);
    const cv::Mat3b tile = picture(cv::Rect(tile_corner, grid.tile));
    if (i == 0) {
      GrayToColour(small).copyTo(tile);
    } else {
      const ModelResult& result = analysis.results[static_cast<size_t>(i - 1)];
      BlendHeatmap(small, result.heatmap, result.placement, options.alpha, tile);
    }
    panel.captions[static_cast<size_t>(i)].Draw(
        picture, cv::Rect(corner + cv::Point(0, grid.tile.height),
                          cv::Size(grid.cell_width, grid.caption_height)));
  }
  panel.footer.Draw(picture, cv::Rect(0, cells.height, size.width, size.height - cells.height));
  return picture;
}

}  // namespace camnode
