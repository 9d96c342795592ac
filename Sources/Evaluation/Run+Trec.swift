public import Corpora

extension TrecRun {
    /// The run in the form of a TREC file; `tag` names the system.
    public init(_ run: Run, tag: String = "attune") {
        let rankings = run.mapValues { list in
            list.map { TrecRun.Entry(document: $0.id, score: $0.score) }
        }
        self.init(rankings: rankings, tag: tag)
    }

    /// What was retrieved, to be scored.
    public var run: Run {
        rankings.mapValues { list in list.map { ScoredDocument(id: $0.document, score: $0.score) } }
    }
}
