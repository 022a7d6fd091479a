#include "core/render/text.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <opencv2/imgproc.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace camnode {
namespace {

// Height of a capital of the Hershey fonts at scale 1.
constexpr double kFontCapitalHeight = 21.0;

int Font(const TextStyle& style) {
  return style.strong ? cv::FONT_HERSHEY_DUPLEX : cv::FONT_HERSHEY_SIMPLEX;
}

double Scale(const TextStyle& style) { return style.capital_height / kFontCapitalHeight; }

int Thickness(const TextStyle& style) { return std::max(1, style.capital_height / 14); }

std::string Printable(absl::string_view text) {
  std::string printable(text);
  std::replace_if(
      printable.begin(), printable.end(),
      [](char c) { return !absl::ascii_isprint(static_cast<unsigned char>(c)); }, '?');
  return printable;
}

// How many leading characters of `word` fit, at least one.
size_t FittingPrefix(absl::string_view word, const TextStyle& style, int width) {
  size_t fitting = 1;
  while (fitting < word.size() && TextWidth(word.substr(0, fitting + 1), style) <= width) {
    ++fitting;
  }
  return fitting;
}

}  // namespace

int TextWidth(absl::string_view text, const TextStyle& style) {
  return cv::getTextSize(std::string(text), Font(style), Scale(style), Thickness(style), nullptr)
      .width;
}

// A capital and three quarters of one between lines.
int LineHeight(const TextStyle& style) {
  return static_cast<int>(std::ceil(style.capital_height * 1.75));
}

std::vector<std::string> WrapText(absl::string_view text, const TextStyle& style, int width) {
  std::vector<std::string> lines(1);
  const std::string printable = Printable(text);
  for (absl::string_view word : absl::StrSplit(printable, ' ', absl::SkipEmpty())) {
    std::string& line = lines.back();
    const std::string longer = line.empty() ? std::string(word) : absl::StrCat(line, " ", word);
    if (TextWidth(longer, style) <= width) {
      line = longer;
      continue;
    }
    if (!line.empty()) lines.emplace_back();
    while (TextWidth(word, style) > width) {
      const size_t fitting = FittingPrefix(word, style, width);
      if (fitting == word.size()) break;
      lines.back() = std::string(word.substr(0, fitting));
      lines.emplace_back();
      word.remove_prefix(fitting);
    }
    lines.back() = std::string(word);
  }
  return lines;
}

void DrawLine(cv::Mat3b& picture, absl::string_view text, cv::Point top_left,
              const TextStyle& style) {
  const int baseline = top_left.y + (LineHeight(style) + style.capital_height) / 2;
  cv::putText(picture, std::string(text), cv::Point(top_left.x, baseline), Font(style),
              Scale(style), style.colour, Thickness(style), cv::LINE_AA);
}

}  // namespace camnode
