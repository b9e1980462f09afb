//go:build soak && linux

package main

import (
	"testing"
	"time"
)

func TestSoakReloads(t *testing.T)  { reloads(t, 100) }
func TestSoakUpgrades(t *testing.T) { upgrades(t, 20) }

func TestSoakReloadsHandedOver(t *testing.T)  { reloads(t, 100, "-mode", "handoff") }
func TestSoakUpgradesHandedOver(t *testing.T) { upgrades(t, 20, "-mode", "handoff") }

func TestSoakKills(t *testing.T) { kills(t, 30*time.Second) }
