// A page of HTML in one file: no script, nothing from elsewhere, every text escaped.  It is
// also well-formed XML.

#ifndef CAMNODE_CORE_TRAINING_REPORT_HTML_PAGE_H_
#define CAMNODE_CORE_TRAINING_REPORT_HTML_PAGE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace camnode {

// The first cell of a row is its name; the others are set to the right.  What follows a
// line end in a cell is set smaller, below.
struct HtmlTable {
  std::string caption;
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
  bool text_cells = false;  // Cells are words and are set to the left.
};

struct HtmlPicture {
  std::string png;  // The file's bytes.
  std::string caption;
};

class HtmlPage {
 public:
  explicit HtmlPage(absl::string_view title);

  // Level 1 to 4; levels 2 are listed in the contents.
  void Heading(int level, absl::string_view text);
  void Paragraph(absl::string_view text);
  void Note(absl::string_view text);   // Small.
  void Alarm(absl::string_view text);  // In a box.
  void List(const std::vector<std::string>& items);
  void Table(const HtmlTable& table);
  // <svg> elements (svg_plot.h), side by side where they fit.
  void Plots(const std::vector<std::string>& svgs);
  void Pictures(const std::vector<HtmlPicture>& pictures);
  // What comes next, up to EndDetails, is folded away.
  void BeginDetails(absl::string_view summary);
  void EndDetails();

  // The whole file.
  std::string Finish() &&;

 private:
  void AddCell(absl::string_view tag, absl::string_view text);
  void Element(absl::string_view tag, absl::string_view class_name, absl::string_view text);

  std::string title_;
  std::string body_;
  std::vector<std::string> contents_;  // Headings of level 2.
};

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_REPORT_HTML_PAGE_H_
