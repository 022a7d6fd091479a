// Lines of text for legends, in OpenCV's built-in stroke font: ASCII only, and
// the same pixels on every machine.  Widths and heights are in pixels; thread-safe but
// for two that draw into one picture.

#ifndef CAMNODE_CORE_RENDER_TEXT_H_
#define CAMNODE_CORE_RENDER_TEXT_H_

#include <opencv2/core/mat.hpp>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace camnode {

struct TextStyle {
  int capital_height = 11;                        // Pixels; below 9 it can hardly be read.
  cv::Scalar colour = cv::Scalar(214, 214, 214);  // Red first.
  bool strong = false;                            // Double strokes.
};

int TextWidth(absl::string_view text, const TextStyle& style);

// From one baseline to the next.
int LineHeight(const TextStyle& style);

// Breaks between words so that no line is wider than `width`; a word that is
// wider is broken anywhere.  At least one line, perhaps empty.  Bytes outside
// printable ASCII become '?'.
std::vector<std::string> WrapText(absl::string_view text, const TextStyle& style, int width);

// `top_left` is the corner of the line's box, LineHeight high.
void DrawLine(cv::Mat3b& picture, absl::string_view text, cv::Point top_left,
              const TextStyle& style);

}  // namespace camnode

#endif  // CAMNODE_CORE_RENDER_TEXT_H_
