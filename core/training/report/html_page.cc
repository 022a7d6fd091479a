#include "core/training/report/html_page.h"

#include <cstddef>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/training/report/xml_text.h"

namespace camnode {
namespace {

// Without < and &, which XML would take for markup.
constexpr char kStyle[] = R"(
body { font: 15px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff;
  max-width: 1160px; margin: 0 auto; padding: 16px 24px 64px; }
h1 { font-size: 26px; margin: 8px 0; }
h2 { font-size: 20px; margin: 40px 0 8px; border-bottom: 2px solid #1a1a1a; }
h3 { font-size: 17px; margin: 24px 0 6px; }
h4 { font-size: 15px; margin: 18px 0 4px; }
p, ul { max-width: 860px; margin: 8px 0; }
p.notice { max-width: none; background: #1a1a1a; color: #fff; padding: 8px 14px; font-weight: 600; }
.alarm { background: #fff1ec; border-left: 6px solid #d55e00; padding: 8px 14px; margin: 8px 0; }
.note { font-size: 13px; color: #444; }
nav { font-size: 13px; margin: 12px 0; }
nav a { margin-right: 14px; color: #005a8c; }
.wide { overflow-x: auto; }
.interval { display: block; font-size: 11.5px; color: #444; }
table { border-collapse: collapse; margin: 10px 0; font-size: 13.5px; }
caption { text-align: left; font-weight: 600; padding: 4px 0; }
th, td { padding: 4px 10px; border-bottom: 1px solid #d9d9d9; text-align: right;
  vertical-align: top; white-space: nowrap; font-variant-numeric: tabular-nums; }
thead th { border-bottom: 2px solid #1a1a1a; white-space: normal; vertical-align: bottom; }
th:first-child { text-align: left; }
table.words th { text-align: left; }
table.words td { text-align: left; white-space: normal; overflow-wrap: anywhere; min-width: 8em; }
table.words td:last-child { min-width: 14em; }
tbody tr:hover { background: #f4f7fa; }
.plots { display: flex; flex-wrap: wrap; gap: 12px; margin: 10px 0; }
.pictures { display: flex; flex-wrap: wrap; gap: 8px; margin: 4px 0 20px; }
figure { margin: 0; width: 210px; }
figure img { width: 210px; height: auto; display: block; background: #000; }
figcaption { font-size: 12px; color: #333; overflow-wrap: anywhere; }
details { margin: 8px 0; } summary { cursor: pointer; color: #005a8c; }
@media (max-width: 700px) { body { padding: 8px 12px 32px; } th:first-child { white-space: normal; } }
@media print { details { display: block; } nav { display: none; } }
)";

constexpr char kPolicy[] = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

}  // namespace

HtmlPage::HtmlPage(absl::string_view title) : title_(EscapeXml(title)) {}

void HtmlPage::Element(absl::string_view tag, absl::string_view class_name,
                       absl::string_view text) {
  absl::StrAppend(&body_, "<", tag);
  if (!class_name.empty()) absl::StrAppend(&body_, " class=\"", class_name, "\"");
  absl::StrAppend(&body_, ">", EscapeXml(text), "</", tag, ">\n");
}

void HtmlPage::AddCell(absl::string_view tag, absl::string_view text) {
  const size_t end = text.find('\n');
  absl::StrAppend(&body_, "<", tag, ">", EscapeXml(text.substr(0, end)));
  if (end != absl::string_view::npos) {
    absl::StrAppend(&body_, "<span class=\"interval\">", EscapeXml(text.substr(end + 1)),
                    "</span>");
  }
  absl::StrAppend(&body_, "</", tag, ">\n");
}

void HtmlPage::Heading(int level, absl::string_view text) {
  if (level != 2) return Element(absl::StrCat("h", level), "", text);
  contents_.push_back(EscapeXml(text));
  absl::StrAppend(&body_, "<h2 id=\"part", contents_.size(), "\">", contents_.back(), "</h2>\n");
}

void HtmlPage::Paragraph(absl::string_view text) { Element("p", "", text); }
void HtmlPage::Note(absl::string_view text) { Element("p", "note", text); }
void HtmlPage::Alarm(absl::string_view text) { Element("div", "alarm", text); }

void HtmlPage::List(const std::vector<std::string>& items) {
  if (items.empty()) return;
  body_ += "<ul>\n";
  for (const std::string& item : items) Element("li", "", item);
  body_ += "</ul>\n";
}

void HtmlPage::Table(const HtmlTable& table) {
  absl::StrAppend(&body_, "<div class=\"wide\"><table", table.text_cells ? " class=\"words\"" : "",
                  ">\n");
  if (!table.caption.empty()) Element("caption", "", table.caption);
  if (!table.columns.empty()) {
    body_ += "<thead><tr>\n";
    for (const std::string& column : table.columns) Element("th", "", column);
    body_ += "</tr></thead>\n";
  }
  body_ += "<tbody>\n";
  for (const std::vector<std::string>& row : table.rows) {
    body_ += "<tr>\n";
    for (size_t i = 0; i < row.size(); ++i) AddCell(i == 0 ? "th" : "td", row[i]);
    body_ += "</tr>\n";
  }
  body_ += "</tbody></table></div>\n";
}

void HtmlPage::Plots(const std::vector<std::string>& svgs) {
  body_ += "<div class=\"plots\">\n";
  for (const std::string& svg : svgs) body_ += svg;
  body_ += "</div>\n";
}

void HtmlPage::Pictures(const std::vector<HtmlPicture>& pictures) {
  body_ += "<div class=\"pictures\">\n";
  for (const HtmlPicture& picture : pictures) {
    const std::string caption = EscapeXml(picture.caption);
    absl::StrAppend(&body_, "<figure><img alt=\"", caption, "\" src=\"data:image/png;base64,",
                    absl::Base64Escape(picture.png), "\"/>\n<figcaption>", caption,
                    "</figcaption></figure>\n");
  }
  body_ += "</div>\n";
}

void HtmlPage::BeginDetails(absl::string_view summary) {
  body_ += "<details>";
  Element("summary", "", summary);
}

void HtmlPage::EndDetails() { body_ += "</details>\n"; }

std::string HtmlPage::Finish() && {
  std::string contents;
  for (size_t i = 0; i < contents_.size(); ++i) {
    absl::StrAppend(&contents, "<a href=\"#part", i + 1, "\">", contents_[i], "</a>\n");
  }
  return absl::StrCat(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"",
      kPolicy, "\"/>\n<title>", title_, "</title>\n<style>", kStyle,
      "</style>\n</head>\n<body>\n<p class=\"notice\">Research only, not for diagnosis.</p>\n<h1>",
      title_, "</h1>\n<nav>", contents, "</nav>\n", body_, "</body>\n</html>\n");
}

}  // namespace camnode
