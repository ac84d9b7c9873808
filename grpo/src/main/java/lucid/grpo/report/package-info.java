/// The report of a run: one self-contained HTML file that opens from a disk, made from what the run folder holds.
/// It computes nothing that the run did not write down; the drawing is done by `report/report.js` in the reader's browser.
/// Start with [Report].
package lucid.grpo.report;
