/// The rules by which metrics are computed: tools that print the same metric names do not agree on them.
///
/// | rule | `trec` | `beir` | `st` |
/// | --- | --- | --- | --- |
/// | modelled on | trec_eval, pytrec_eval | BEIR's evaluator | sentence-transformers' InformationRetrievalEvaluator |
/// | equal scores | larger document id first | as `trec`; MRR and success: order of the list | smaller document id first |
/// | precision of scores | float32 | float32; MRR and success: float64 | float64 |
/// | gain of nDCG | the judgement | the judgement | 1 for relevant |
/// | denominator of MAP@K | relevant documents R | R | min(K, R) |
/// | a document with the query's id | kept | dropped | kept |
/// | judged query missing from the run | left out of the mean | left out; MRR and success: counts as 0 | counts as 0 |
/// | query without relevant document | 0 if run | 0 if run | left out |
///
/// Document ids are compared by their bytes.
public enum MetricProfile: String, CaseIterable, Sendable {
    case trec, beir, st
}
