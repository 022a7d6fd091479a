// The parts of report.html, each added to the end of a page.

#ifndef CAMNODE_CORE_TRAINING_REPORT_SECTIONS_H_
#define CAMNODE_CORE_TRAINING_REPORT_SECTIONS_H_

#include "core/training/evaluation/evaluation_result.h"
#include "core/training/report/html_page.h"

namespace camnode {

// What was found, in words, with a table of all models; then what should make a reader
// distrust it.
void AddSummary(const EvaluationResult& result, HtmlPage& page);
// Films, program, machine.
void AddCircumstances(const EvaluationResult& result, HtmlPage& page);
// Curves of all models over each other, and their differences.
void AddComparison(const EvaluationResult& result, HtmlPage& page);
void AddShortcut(const EvaluationResult& result, HtmlPage& page);
// How the scores hold where pictures are changed; nothing where that was not measured.
void AddCorruptions(const EvaluationResult& result, HtmlPage& page);
void AddOutOfFold(const EvaluationResult& result, HtmlPage& page);
void AddRuns(const EvaluationResult& result, HtmlPage& page);
// Everything about one set of scores.
void AddScores(const ScoreEvaluation& scores, const EvaluatedData& data, HtmlPage& page);
// What the words mean and where the formulae come from.
void AddGlossary(HtmlPage& page);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_REPORT_SECTIONS_H_
