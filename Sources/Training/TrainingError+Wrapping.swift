internal import Encoders
internal import Files
internal import LowRank
internal import ModelFiles

/// Runs what throws another target's error, and throws it as this target's.
func wrapFiles<Result>(_ body: () throws(FilesError) -> Result) throws(TrainingError) -> Result {
    do throws(FilesError) { return try body() } catch { throw .files(error) }
}

func wrapModelFiles<Result>(_ body: () throws(ModelFilesError) -> Result) throws(TrainingError) -> Result {
    do throws(ModelFilesError) { return try body() } catch { throw .modelFiles(error) }
}

func wrapLowRank<Result>(_ body: () throws(LowRankError) -> Result) throws(TrainingError) -> Result {
    do throws(LowRankError) { return try body() } catch { throw .lowRank(error) }
}

func wrapEncoders<Result>(_ body: () throws(EncodersError) -> Result) throws(TrainingError) -> Result {
    do throws(EncodersError) { return try body() } catch { throw .encoders(error) }
}
