// The strip of text and colour scale below a film.

#ifndef CAMNODE_CORE_RENDER_LEGEND_H_
#define CAMNODE_CORE_RENDER_LEGEND_H_

#include <opencv2/core/mat.hpp>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "core/render/text.h"

namespace camnode {

// Near black: white paper beside a film blinds the reader.
inline const cv::Scalar kBackground(16, 16, 16);

// Rows from top to bottom, wrapped to the width they are given.  A value: built
// once, measured at several widths, drawn once.  Sizes are in pixels.  Const methods are
// thread-safe.
class Legend {
 public:
  explicit Legend(int capital_height) : capital_height_(capital_height) {}

  void AddText(absl::string_view text);
  void AddStrong(absl::string_view text);
  // Side by side, the second at the right edge, where both fit on one line; one
  // below the other where not.
  void AddPair(absl::string_view left, absl::string_view right, bool strong);
  // "0", the colours as they look over middle gray, and the value of the strongest
  // in logit units.  `peak` 0 says in words that nothing is coloured.
  void AddScale(float peak, double alpha);
  void AddSpace();

  int Height(int width) const;
  // No row wraps at this width or above.
  int WidthOfWidestStrongRow() const;
  // REQUIRES: `area` lies in the picture and is Height(area.width) high or more.
  void Draw(cv::Mat3b& picture, const cv::Rect& area) const;

  TextStyle Style(bool strong) const;

 private:
  enum class Kind { kText, kPair, kScale, kSpace };
  struct Row {
    Kind kind;
    std::string left;
    std::string right;
    bool strong = false;
    double alpha = 0.0;
  };
  // One thing at one place, relative to the legend's top left corner.
  struct Piece {
    Kind kind;
    std::string text;
    cv::Point top_left;
    int width = 0;
    bool strong = false;
    double alpha = 0.0;
  };

  // Returns the height.
  int LayOut(int width, std::vector<Piece>& pieces) const;
  int LayOutText(absl::string_view text, bool strong, int width, int y,
                 std::vector<Piece>& pieces) const;
  int LayOutScale(const Row& row, int width, int y, std::vector<Piece>& pieces) const;
  int Margin() const { return capital_height_; }

  int capital_height_;
  std::vector<Row> rows_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_RENDER_LEGEND_H_
