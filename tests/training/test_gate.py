import pytest

from napari_cihm.training.gate import LOOK, Score, judge, pool
from napari_cihm.training.metrics import THRESHOLDS, Matching

LOOK_ALIKES = ("For 10 labelled objects there are 9 that carry no label.",)


def score(right, objects=100):
    """Score a model that finds so many of the objects, perfectly, and no more."""
    found = [
        Matching(t, tp=right, fp=0, fn=objects - right, iou=float(right))
        for t in THRESHOLDS
    ]
    return Score(found, dice=right / objects)


def test_any_gain_is_taken_over_a_model_of_these_labels():
    assert judge(score(50), score(52), "instance").accepted
    assert not judge(score(50), score(50), "instance").accepted


@pytest.mark.parametrize(
    ("after", "objects", "accepted", "word"),
    [
        (52, 100, False, "not clearly better"),
        (57, 100, False, "not clearly better"),
        (59, 100, True, ""),
        (30, 50, False, "not clearly better"),
        (40, 50, True, ""),
        (50, 100, False, "no better"),
        (495, 1000, False, "no better"),
        (40, 100, False, "worse"),
    ],
)
def test_a_model_of_far_more_labels_gives_way_to_what_is_no_chance(
    after, objects, accepted, word
):
    base = score(objects // 2, objects)
    verdict = judge(base, score(after, objects), "instance", seasoned=True)
    assert verdict.accepted == accepted
    assert word in " ".join(verdict.warnings)
    # a gain that so few leave open is one for the eye, and not one that is none
    assert (LOOK in " ".join(verdict.warnings)) == ("clearly" in word or after == 59)


def test_any_gain_is_taken_over_nothing():
    verdict = judge(score(0, 8), score(1, 8), "instance", seasoned=True)
    assert verdict.accepted and "finds nothing" in verdict.reason
    assert not judge(score(0, 200), score(1, 200), "instance").accepted


def test_all_held_out_parts_decide_together():
    both = pool([score(10, 20), score(27, 30)])
    assert both.figure("instance") == pytest.approx(37 / 50)
    assert both.figure("semantic") == pytest.approx((10 / 20 + 27 / 30) / 2)


def test_regions_are_judged_by_their_pixels():
    assert judge(score(10, 20), score(11, 20), "semantic", seasoned=True).accepted


def test_doubtful_labels_keep_a_model_that_finds_something():
    verdict = judge(score(40), score(60), "instance", LOOK_ALIKES)
    assert not verdict.accepted and verdict.warnings == LOOK_ALIKES


def test_labels_that_are_borne_out_need_a_gain_like_any_and_a_look():
    settings = {"doubts": LOOK_ALIKES, "meant": True, "seasoned": True}
    verdict = judge(score(40), score(60), "instance", **settings)
    assert verdict.accepted and verdict.warnings == LOOK_ALIKES
    verdict = judge(score(40), score(42), "instance", **settings)
    assert not verdict.accepted and verdict.warnings[0] == LOOK_ALIKES[0]
    assert "not clearly better" in verdict.warnings[1]


def test_doubtful_labels_are_better_than_nothing_and_said_to_be_doubtful():
    verdict = judge(score(0), score(20), "instance", LOOK_ALIKES, seasoned=True)
    assert verdict.accepted and verdict.warnings == LOOK_ALIKES
    assert "finds nothing" in verdict.reason
    beside = judge(score(0), score(20), "instance", LOOK_ALIKES, placed=False)
    assert not beside.accepted
    assert not judge(score(0), score(0), "instance", LOOK_ALIKES).accepted


@pytest.mark.parametrize(("after", "warned"), [(60, True), (64, True), (65, False)])
def test_a_gain_that_chance_may_give_is_taken_with_a_warning(after, warned):
    verdict = judge(score(50), score(after), "instance")
    assert verdict.accepted
    assert ("Chance alone" in " ".join(verdict.warnings)) == warned
