/// The metrics of a run: of each query, and their means.
public struct RetrievalScores: Equatable, Sendable {
    /// By query id, then by the metric's name (`ndcg@10`). Queries that the profile leaves out are absent.
    public internal(set) var perQuery: [String: [String: Double]]

    /// The mean of each metric by its name; 0 where there was no query.
    public internal(set) var means: [String: Double]

    /// How many judged queries the run answers.
    public internal(set) var queryCount: Int

    /// How many judged queries are missing from the run.
    public internal(set) var missingCount: Int

    /// How many queries of the run have no judgements; they count nowhere.
    public internal(set) var unjudgedCount: Int
}
