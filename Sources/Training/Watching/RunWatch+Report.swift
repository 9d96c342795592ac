internal import Encoders
internal import Files

extension RunWatch {
    /// Writes `report.html` of a run that has ended; what it lacks for a full one is evaluated now.
    ///
    /// Nothing here can fail the run, whose adapter is written: what goes wrong is a warning.
    ///
    /// - Parameters:
    ///   - best: an encoder with the adapter that was kept.
    ///   - isCancelled: asked before each evaluation; one that is left out leaves its part of the report out.
    /// - Returns: the path of the report, where it was written.
    func report(
        on run: TrainingRun, trainer: Trainer, record: [String: JSONValue], result: TrainingResult,
        evaluator: (any DevelopmentEvaluator)?, as reporting: RunReporting, best: () throws -> TextEncoder,
        isCancelled: () -> Bool
    ) -> String? {
        do {
            let explaining: (any ExplainingEvaluator)?
            var showsQueries = false
            switch reporting {
            case .none: return nil
            case .brief: explaining = evaluator as? any ExplainingEvaluator
            case .full(let other):
                explaining = evaluator as? any ExplainingEvaluator ?? other
                showsQueries = true
                if let explaining { try complete(explaining, trainer.encoder, best, isCancelled) }
            }
            let report = RunReport(
                record: record, lines: try MetricsLog.read(run.metricsPath), before: result.before,
                metric: (evaluator ?? explaining)?.metric, split: explaining?.scope ?? "held-out data",
                remark: explaining?.remark, findings: findings, comparisons: RunReport.comparisons(of: findings),
                showsQueries: showsQueries, lengths: TextLengths(of: trainer),
                otherEvaluationSeconds: otherEvaluationSeconds, peakBytes: RunReport.peakBytes)
            try writeFile(report.html, to: run.reportPath)
            return run.reportPath
        } catch {
            observer.warned("the run is complete, but its report could not be written: \(error)")
            return nil
        }
    }

    /// Evaluates what was not evaluated on the way: without an evaluator, or before the run was resumed.
    private func complete(
        _ evaluator: any ExplainingEvaluator, _ base: TextEncoder, _ best: () throws -> TextEncoder,
        _ isCancelled: () -> Bool
    ) throws {
        do {
            if findings.base == nil, !isCancelled() {
                _ = try evaluate(evaluator, base)
                findings.base = newest
            }
            if findings.best == nil, !isCancelled() {
                _ = try evaluate(evaluator, best())
                findings.best = newest
            }
        } catch {
            observer.warned("the report lacks base against tuned, the evaluation failed: \(error)")
        }
    }
}
