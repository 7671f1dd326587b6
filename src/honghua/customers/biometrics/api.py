"""The door of the biometric modules. Heavy (scikit-learn): only whoever fits or runs them loads it."""

from __future__ import annotations

from honghua.customers.biometrics.measuring import MEASURES, Layout, measure
from honghua.customers.biometrics.ports import Biometrics, Bounds, Clip, FaceMatcher, LipReader, LivenessDetector
from honghua.customers.biometrics.provider import BiometricService, Recording
from honghua.customers.biometrics.reference import (
    ReferenceFace,
    ReferenceLips,
    ReferenceLiveness,
    fit_faces,
    fit_lips,
    fit_liveness,
)

__all__ = [
    "MEASURES",
    "BiometricService",
    "Biometrics",
    "Bounds",
    "Clip",
    "FaceMatcher",
    "Layout",
    "LipReader",
    "LivenessDetector",
    "Recording",
    "ReferenceFace",
    "ReferenceLips",
    "ReferenceLiveness",
    "fit_faces",
    "fit_lips",
    "fit_liveness",
    "measure",
]
